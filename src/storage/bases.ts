// Base images on disk: read-only trees that containers are overlays of, in STATE/.images/<digest>/, and who uses them. A base that
// one container may still need is never removed.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { entriesOf, makeDirectories } from '../host/directories.ts';
import { type Lock, takeLock } from '../host/locks.ts';
import { syncDirectory } from './durable.ts';
import type { RangeHolder } from './id-ranges.ts';
import { readMarker } from './marker.ts';
import { ownIdentity, type ProcessIdentity, sameProcessAlive } from './process-identity.ts';

/** Where bases are; a Settings is one. */
export interface BaseSettings {
  readonly stateDir: string;
}

/** A container that is an overlay of a base. */
export interface BaseUser extends RangeHolder {
  /** Inode of lxcpath: a disk that is not mounted is not taken for a container that is gone. */
  readonly lxcpathInode: number;
  /** Who builds the container: until it ends, the absence of the container means nothing. */
  readonly builder: ProcessIdentity;
}

const ID = /^[0-9a-f]{64}$/;

/** The directory of all bases. */
export function imagesDirectory({ stateDir }: BaseSettings): string {
  return join(stateDir, '.images');
}

/** The directory of one base: `rootfs`, `facts`, `base.json`, `users`. */
export function baseDirectory(settings: BaseSettings, id: string): string {
  return join(imagesDirectory(settings), id);
}

/** The ids (sha256 of the tree, in hexadecimal) of all bases. */
export function baseIds(settings: BaseSettings): string[] {
  return entriesOf(imagesDirectory(settings)).filter(name => ID.test(name));
}

/** Notes durably that a container is to be an overlay of the base. Throws BASE_GONE when the base is no more, BUSY. */
export async function registerBaseUser(
  settings: BaseSettings,
  base: string,
  holder: RangeHolder,
): Promise<void> {
  const lock = await lockBases(settings);
  try {
    const directory = join(baseDirectory(settings, base), 'users');
    if (!existsSync(directory)) throw new TslxcError('BASE_GONE', `the base ${base.slice(0, 12)} is gone`);
    const user: BaseUser = { ...holder, lxcpathInode: statSync(holder.lxcpath).ino, builder: ownIdentity() };
    const fd = openSync(join(directory, holder.id), 'wx', 0o600);
    try {
      writeFileSync(fd, `${JSON.stringify(user)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncDirectory(directory);
  } finally {
    lock.release();
  }
}

/** Forgets the container with this id as a user of any base. */
export function releaseBases(settings: BaseSettings, id: string): void {
  for (const base of baseIds(settings))
    rmSync(join(baseDirectory(settings, base), 'users', id), { force: true });
}

/** The containers that need a base; those that are gone are not told. */
export function baseUsers(settings: BaseSettings, base: string): BaseUser[] {
  const directory = join(baseDirectory(settings, base), 'users');
  return entriesOf(directory)
    .map(name => readUser(join(directory, name)))
    .filter(user => user !== undefined)
    .filter(user => mayExist(user));
}

/**
 * Makes "who uses it" and "remove it" one step among all commands. Throws BUSY after ten seconds; who holds it does no long work.
 */
export async function lockBases(settings: BaseSettings): Promise<Lock> {
  makeDirectories(imagesDirectory(settings), 0o700);
  const lock = await takeLock(join(imagesDirectory(settings), '.lock'), LOCK_WAIT_MS);
  if (lock !== undefined) return lock;
  throw new TslxcError('BUSY', `another command keeps ${imagesDirectory(settings)} locked`);
}

const LOCK_WAIT_MS = 10_000;

/** An unreadable record counts as a user that may exist: it is not for us to guess that nobody needs the base. */
function readUser(file: string): BaseUser | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BaseUser;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // released meanwhile
    throw new TslxcError('BASE_UNREADABLE', `${file} can't be read`, {
      cause: error,
      hint: 'see which container it was for; remove the file when that one is gone',
    });
  }
}

/** Looked for by its marker, wherever in its lxcpath it is by now: renamed, half-built, half-removed. */
function mayExist({ lxcpath, lxcpathInode, id, builder }: BaseUser): boolean {
  if (sameProcessAlive(builder)) return true;
  if (statSync(lxcpath, { throwIfNoEntry: false })?.ino !== lxcpathInode) return true;
  return entriesOf(lxcpath).some(name =>
    [name, join(name, 'container')].some(place => readMarker(join(lxcpath, place)) === id),
  );
}
