// Opening what lies in a tree that somebody else controls: the kernel keeps the walk inside.

import { constants } from 'node:fs';
import { addon } from './addon.ts';

/** Bits of openat2's `resolve` (linux/openat2.h). */
export const RESOLVE = {
  noXdev: 0x01,
  noMagicLinks: 0x02,
  noSymlinks: 0x04,
  beneath: 0x08,
  inRoot: 0x10,
} as const;

/** O_PATH of x86 and arm alike, which node:fs does not name. */
export const O_PATH = 0o10000000;

/** How a hostile tree is read: absolute links mean the tree's own root, magic links of /proc are refused. */
const HOSTILE = RESOLVE.inRoot | RESOLVE.noMagicLinks;

/**
 * Opens `path` with `directory` as its root. The descriptor is close-on-exec and, unless O_PATH is asked for, never waits for a
 * writer of a fifo. Throws Node-like errors (ELOOP for a refused link).
 */
export function openBeneath(
  directory: number,
  path: string,
  flags: number,
  resolve: number = HOSTILE,
): number {
  const wait = flags & O_PATH ? 0 : constants.O_NONBLOCK | constants.O_NOCTTY;
  const mode = flags & constants.O_CREAT ? 0o600 : 0;
  return addon().openAt2(directory, path, flags | wait, mode, resolve);
}
