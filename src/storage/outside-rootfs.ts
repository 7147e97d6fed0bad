// A rootfs outside its container's directory (--dir). Its record, `.tslxc/rootfs`, names the directory, its inode and its birth:
// only that very directory is ever removed.

import { lstatSync, readdirSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { makeDirectories } from '../host/directories.ts';
import { readMarkerFile, writeMarkerFile } from './marker.ts';
import { mountsBeneath } from './mounts-beneath.ts';
import { removeTree } from './removal.ts';

interface OutsideRootfs {
  readonly path: string;
  readonly inode: string;
  /** Nanoseconds: inodes are used again. */
  readonly born: string;
}

/** Throws BAD_ARGUMENT unless `path` can become a rootfs: absolute, plain, and absent or an empty directory of its own. */
export function checkOutsideRootfs(path: string): void {
  const refuse = (why: string): never => {
    throw new TslxcError('BAD_ARGUMENT', `--dir ${path}: ${why}`);
  };
  if (!isAbsolute(path) || normalize(path) !== path || path === '/') refuse('not a plain absolute path');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) refuse('not a directory');
  if (mountsBeneath(path).length > 0) refuse('a mount point');
  if (readdirSync(path).length > 0) refuse('not empty');
}

/** Makes the directory and records it in the container that is being built. */
export function makeOutsideRootfs(container: string, path: string): void {
  checkOutsideRootfs(path);
  makeDirectories(path, 0o755);
  writeMarkerFile(container, 'rootfs', JSON.stringify(identify(path)));
}

function identify(path: string): OutsideRootfs | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isDirectory()) return undefined;
  return { path, inode: String(stat.ino), born: String(stat.birthtimeNs) };
}

/** Removes the recorded directory, if there is one and it is still the same. */
export async function removeOutsideRootfs(container: string): Promise<void> {
  const record = readMarkerFile(container, 'rootfs');
  if (record === undefined) return;
  const { path, inode, born } = JSON.parse(record) as OutsideRootfs;
  const found = identify(path);
  if (found?.inode === inode && found.born === born) await removeTree(path);
}
