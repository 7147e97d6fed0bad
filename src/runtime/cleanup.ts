// What a killed monitor or an interrupted start left behind: removed by the next command that changes the container.

import { closeSync, constants, existsSync, fstatSync, openSync, rmSync } from 'node:fs';
import { errnoName, errnoText } from '../base/errno.ts';
import { TslxcError } from '../base/errors.ts';
import { startExecutor } from '../host/executor.ts';
import type { Lock } from '../host/locks.ts';
import { isAlive } from '../host/procfs.ts';
import { tryRunLock } from './locks.ts';
import type { Place } from './place.ts';
import { readIncarnation } from './state.ts';

/** Cleans up if nobody runs the container; does nothing otherwise. */
export async function cleanUp(place: Place): Promise<void> {
  if (!existsSync(place.paths.run)) return;
  const lock = tryRunLock(place);
  if (!lock) return;
  try {
    await cleanUpLocked(place, lock);
    forgetHomeless(place);
  } finally {
    lock.release();
  }
}

/** A container without a directory (`start -f FILE`) is remembered by nothing once it has ended. The caller has the run lock. */
export function forgetHomeless(place: Place): void {
  if (!existsSync(place.paths.directory)) rmSync(place.paths.run, { recursive: true, force: true });
}

/** The same for a caller who holds the run lock. Leaves a container alone whose init outlived its monitor. */
export async function cleanUpLocked(place: Place, lock: Lock): Promise<void> {
  const record = readIncarnation(place);
  if (record && isAlive(record.initPid, record.initStarttime)) return;
  await runSavedTeardown(place, lock);
  for (const file of [place.paths.initRecord, place.paths.teardown, place.paths.control])
    rmSync(file, { force: true });
}

async function runSavedTeardown(place: Place, lock: Lock): Promise<void> {
  const plan = openOwn(place.paths.teardown);
  if (plan === undefined) return;
  try {
    const executor = startExecutor({ mode: 'teardown', plan, lock: lock.fd });
    const [records] = await Promise.all([executor.status, executor.exited]);
    const failed = records.find(({ kind }) => kind === 'failed');
    // Of an earlier boot: what it names is gone, but for the files that the caller removes.
    if (!failed || errnoName(failed.errno) === 'ESTALE') return;
    throw new TslxcError(
      'LEFTOVERS',
      `what the last run left can't be removed: ${failed.text}: ${errnoText(failed.errno)}`,
      {
        hint: `see what ${place.paths.teardown} names with: tslxc-executor print < ${place.paths.teardown}`,
      },
    );
  } finally {
    closeSync(plan);
  }
}

/** A teardown written by somebody else is never carried out. */
function openOwn(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (fstatSync(fd).uid === process.geteuid?.()) return fd;
  closeSync(fd);
  throw new TslxcError('LEFTOVERS', `${path} is not owned by the caller`, {
    hint: 'run this command as its owner',
  });
}
