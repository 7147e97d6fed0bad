// Back to nothing: a container's directory is renamed away first, so that it is gone at once and for every reader, and then
// removed. Each step can be repeated: whatever state a killed destroy left, the next command goes on from there.

import { randomUUID } from 'node:crypto';
import { lstatSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { entriesOf } from '../host/directories.ts';
import { isLocked } from '../host/locks.ts';
import { cleanInterruptedBases } from './base-building.ts';
import { releaseBases } from './bases.ts';
import { cleanInterruptedBuilds } from './building.ts';
import { syncDirectory } from './durable.ts';
import { type IdRangeSettings, releaseRanges } from './id-ranges.ts';
import { markerDirectory, readMarker } from './marker.ts';
import { mountsBeneath } from './mounts-beneath.ts';
import { removeOutsideRootfs } from './outside-rootfs.ts';
import { emptyTree, removeEmptyDirectory } from './removal.ts';

const PREFIX = '.tslxc-trash-';

export interface DestroyRequest {
  readonly lxcpath: string;
  readonly name: string;
  /** Whether a tree without our marker may be removed when it has a config: LXC's own, for callers of `lxc-destroy`. */
  readonly acceptLxc: boolean;
}

/**
 * Removes a stopped container's directory, its rootfs and its id range. The caller holds its locks and has run its hooks.
 * Throws NOT_DEFINED, NOT_OURS (no marker), MOUNTED_BENEATH, REMOVE_FAILED.
 */
export async function destroyContainer(settings: IdRangeSettings, request: DestroyRequest): Promise<void> {
  const directory = join(request.lxcpath, request.name);
  const id = identify(directory, request);
  const [point] = mountsBeneath(directory);
  if (point !== undefined) {
    throw new TslxcError('MOUNTED_BENEATH', `${point} is a mount point`, {
      hint: `unmount it first: umount ${point}`,
    });
  }
  await removeOutsideRootfs(directory);
  const trash = join(request.lxcpath, `${PREFIX}${id}`);
  renameSync(directory, trash);
  syncDirectory(request.lxcpath);
  await finishTrash(settings, trash);
}

/** The id of the container in `directory`; for one of LXC's own a new one, when those are accepted. */
function identify(directory: string, request: DestroyRequest): string {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) throw new TslxcError('NOT_DEFINED', 'Container is not defined');
  const id = stat.isDirectory() ? readMarker(directory) : undefined;
  if (id !== undefined) return id;
  if (
    stat.isDirectory() &&
    request.acceptLxc &&
    lstatSync(join(directory, 'config'), { throwIfNoEntry: false })?.isFile()
  ) {
    return randomUUID();
  }
  throw new TslxcError('NOT_OURS', `${directory} has no tslxc marker, so it is not removed`, {
    hint: 'remove a container of LXC with lxc-destroy, anything else by hand',
  });
}

async function finishTrash(settings: IdRangeSettings, trash: string): Promise<void> {
  // The marker goes last: as long as it is there, a later command knows whose range is still to be given back.
  await emptyTree(trash, ['.tslxc']);
  const id = readMarker(trash);
  if (id !== undefined) {
    await releaseRanges(settings, id);
    releaseBases(settings, id);
  }
  rmSync(markerDirectory(trash), { recursive: true, force: true });
  removeEmptyDirectory(trash);
}

/** Finishes what killed commands left in lxcpath: half-built and half-removed containers. Returns the names of the former. */
export async function cleanInterrupted(settings: IdRangeSettings, lxcpath: string): Promise<string[]> {
  const built = await cleanInterruptedBuilds(settings, lxcpath);
  await cleanInterruptedBases(settings);
  for (const entry of entriesOf(lxcpath)) {
    const trash = join(lxcpath, entry);
    if (entry.startsWith(PREFIX) && !isBeingDestroyed(trash)) await finishTrash(settings, trash);
  }
  return built;
}

/** Whoever destroys a container holds its run lock to the end: helping would be slower than leaving it alone. */
function isBeingDestroyed(trash: string): boolean {
  return isLocked(join(markerDirectory(trash), 'run'));
}
