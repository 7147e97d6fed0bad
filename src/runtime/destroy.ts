// Removing a container: nobody may run or change it, its hooks agree, then its tree, ids and run directory go.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import type { Lock } from '../host/locks.ts';
import { cleanInterrupted, destroyContainer } from '../storage/destroy.ts';
import { cleanUpLocked } from './cleanup.ts';
import { runDestroyHooks } from './hooks.ts';
import { heldByLxc, stop } from './lifecycle.ts';
import { takeEditLock, takeRunLock } from './locks.ts';
import { refuseMountedBeneath } from './mount.ts';
import type { Place } from './place.ts';
import { observe } from './state.ts';

export interface DestroyRequest {
  /** Kill it first when it runs. */
  readonly force?: boolean;
  /** Snapshots go too; else they keep the container. */
  readonly snapshots?: boolean;
  /** Environment of the destroy hooks. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Throws RUNNING, HELD_BY_LXC, NOT_DEFINED, HAS_SNAPSHOTS, HAS_CLONES, HOOK_FAILED and what removal throws. */
export async function destroy(place: Place, request: DestroyRequest = {}): Promise<void> {
  await cleanInterrupted(place.settings, place.lxcpath);
  refuseUndefined(place);
  await endIfRunning(place, request);
  refuseIfNeeded(place, request);
  const edit = await takeEditLock(place);
  let run: Lock | undefined;
  try {
    run = await takeEnded(place, request);
    await cleanUpLocked(place, run);
    // An init that outlived its monitor is still there after cleaning up.
    if (observe(place).initPid !== undefined) throw running(place);
    refuseMountedBeneath(place);
    await runDestroyHooks(place, request.env ?? {});
    await destroyContainer(place.settings, {
      lxcpath: place.lxcpath,
      name: place.name,
      acceptLxc: place.settings.flavour === 'lxc',
    });
    rmSync(place.paths.run, { recursive: true, force: true });
  } finally {
    run?.release();
    edit.release();
  }
}

/** The place that a create holds for a name is no container yet, and must stay empty. */
function refuseUndefined({ paths }: Place): void {
  if (existsSync(paths.config) || existsSync(`${paths.private}/id`)) return;
  throw new TslxcError('NOT_DEFINED', 'Container is not defined');
}

/** A monitor that has told its container's end may still hold the lock for a moment. */
const RUN_LOCK_MS = 10_000;

/** The run lock of a container that has ended; one that a start beside us brings up is ended too, or refused, as soon as it runs. */
async function takeEnded(place: Place, request: DestroyRequest): Promise<Lock> {
  for (const end = performance.now() + RUN_LOCK_MS; ; ) {
    await endIfRunning(place, request);
    const lock = await takeRunLock(place, LOOK_AGAIN_MS);
    if (lock) return lock;
    if (performance.now() > end) throw running(place);
  }
}

const LOOK_AGAIN_MS = 50;

async function endIfRunning(place: Place, request: DestroyRequest): Promise<void> {
  const observed = observe(place);
  if (observed.heldByLxc) throw heldByLxc(place);
  if (observed.state === 'STOPPED') return;
  if (!request.force) throw running(place);
  try {
    await stop(place, { how: 'kill' });
  } catch (error) {
    // It ended by itself between our look and our signal.
    if (!(error instanceof TslxcError) || error.code !== 'NOT_RUNNING') throw error;
  }
}

function running(place: Place): TslxcError {
  return new TslxcError('RUNNING', `${place.name} is running`, {
    hint: 'stop it first, or destroy it with --force',
  });
}

function refuseIfNeeded(place: Place, request: DestroyRequest): void {
  const snaps = `${place.paths.directory}/snaps`;
  if (!request.snapshots && existsSync(snaps) && readdirSync(snaps).length > 0) {
    throw new TslxcError('HAS_SNAPSHOTS', `${place.name} has snapshots`, {
      hint: 'destroy them too with --snapshots',
    });
  }
  // LXC's list of overlay clones that need this rootfs.
  if (existsSync(`${place.paths.directory}/lxc_snapshots`)) {
    throw new TslxcError('HAS_CLONES', `${place.name} has snapshot clones that need its rootfs`, {
      hint: `destroy first the containers that ${place.paths.directory}/lxc_snapshots names`,
    });
  }
}
