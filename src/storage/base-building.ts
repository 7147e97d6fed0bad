// A base comes to be in .images/.building-PID-STARTTIME-XXXXXX/base and appears whole, by one rename, as .images/<digest>. It goes the
// other way by a rename to .images/.trash-<digest>. What is interrupted is removed by the next command.

import { chmodSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, makeDirectories } from '../host/directories.ts';
import { type BaseSettings, baseDirectory, imagesDirectory } from './bases.ts';
import { builderTag, isAbandoned, tryCleaning } from './builder.ts';
import { syncDirectory, syncFilesystem } from './durable.ts';
import { removeTree } from './removal.ts';

const BUILDING = '.building-';
const TRASH = '.trash-';

export interface BaseBuild {
  readonly directory: string;
  /** What becomes .images/<digest>. */
  readonly base: string;
}

/** Makes the build directory with an empty rootfs in it. */
export function beginBase(settings: BaseSettings): BaseBuild {
  const images = imagesDirectory(settings);
  makeDirectories(images, 0o700);
  const directory = mkdtempSync(join(images, `${BUILDING}${builderTag()}`));
  const base = join(directory, 'base');
  mkdirSync(join(base, 'users'), { recursive: true, mode: 0o700 });
  mkdirSync(join(base, 'rootfs'));
  chmodSync(join(base, 'rootfs'), 0o755); // whatever the caller's umask
  return { directory, base };
}

/** Makes the base appear; when this returns it survives a power cut. One that is there already is as good. */
export async function publishBase(settings: BaseSettings, build: BaseBuild, id: string): Promise<void> {
  await syncFilesystem(build.base);
  try {
    renameSync(build.base, baseDirectory(settings, id));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  syncDirectory(imagesDirectory(settings));
  await removeTree(build.directory);
}

/** Undoes a build that failed. */
export async function discardBase(build: BaseBuild): Promise<void> {
  await removeTree(build.directory);
}

/** Takes a base away by one rename; the caller has the lock of all bases and knows that nobody needs it. */
export function retireBase(settings: BaseSettings, id: string): void {
  renameSync(baseDirectory(settings, id), join(imagesDirectory(settings), `${TRASH}${id}`));
  syncDirectory(imagesDirectory(settings));
}

/** Removes what was retired, and what killed commands left among the bases. */
export async function cleanInterruptedBases(settings: BaseSettings): Promise<void> {
  const images = imagesDirectory(settings);
  for (const name of entriesOf(images)) {
    const directory = join(images, name);
    if (name.startsWith(TRASH)) await removeTree(directory);
    if (!name.startsWith(BUILDING) || !(await isAbandoned(directory))) continue;
    const lock = tryCleaning(directory);
    if (lock === undefined) continue;
    try {
      await removeTree(directory);
    } finally {
      lock.release();
    }
  }
}
