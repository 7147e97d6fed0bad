// A container comes to be in LXCPATH/.tslxc-creating-PID-STARTTIME-XXXXXX/container and appears whole, by one rename, at
// LXCPATH/NAME. What is interrupted is found by its directory's name and removed by the next command.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { makeDirectories } from '../host/directories.ts';
import { releaseBases } from './bases.ts';
import { builderTag, isAbandoned, tryCleaning } from './builder.ts';
import { syncDirectory, syncFewFiles, syncFilesystem } from './durable.ts';
import { type IdRangeSettings, releaseRanges } from './id-ranges.ts';
import { readMarker, writeMarker } from './marker.ts';
import { removeOutsideRootfs } from './outside-rootfs.ts';
import { emptyTree, removeEmptyDirectory } from './removal.ts';

const PREFIX = '.tslxc-creating-';

export interface Build {
  readonly lxcpath: string;
  readonly name: string;
  /** The marker of the container that comes to be. */
  readonly id: string;
  /** The build directory. */
  readonly directory: string;
  /** What becomes LXCPATH/NAME. */
  readonly container: string;
}

/** How much there is to be written out before it is published. */
export type BuildSize = 'few files' | 'a whole tree';

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function alreadyExists(name: string): TslxcError {
  return new TslxcError('ALREADY_EXISTS', 'Container already exists', {
    hint: `choose another name, or remove it with tslxc-destroy -n ${name}`,
  });
}

/** Takes the name: an empty LXCPATH/NAME, which is also where the template sees the container, and which the rename replaces. */
function takeName(lxcpath: string, name: string, directory: string): void {
  const final = join(lxcpath, name);
  try {
    mkdirSync(final, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (isBeingBuilt(lxcpath, name, directory) || !isEmptyDirectory(final)) throw alreadyExists(name);
  }
}

function isEmptyDirectory(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function isBeingBuilt(lxcpath: string, name: string, except: string): boolean {
  return buildDirectories(lxcpath).some(directory => directory !== except && builtName(directory) === name);
}

/** Begins a container: takes the name and makes the build directory with a marked, empty container in it. */
export function beginBuild(lxcpath: string, name: string): Build {
  makeDirectories(lxcpath, 0o700);
  const directory = mkdtempSync(join(lxcpath, `${PREFIX}${builderTag()}`));
  const container = join(directory, 'container');
  try {
    writeFileSync(join(directory, 'name.new'), name);
    renameSync(join(directory, 'name.new'), join(directory, 'name'));
    takeName(lxcpath, name, directory);
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  mkdirSync(container, { mode: 0o700 });
  return { lxcpath, name, id: writeMarker(container), directory, container };
}

/** Makes the container appear at LXCPATH/NAME; when this returns it survives a power cut. Throws ALREADY_EXISTS. */
export async function publishBuild(build: Build, size: BuildSize): Promise<void> {
  if (size === 'few files') syncFewFiles(build.container);
  else await syncFilesystem(build.container);
  try {
    renameSync(build.container, join(build.lxcpath, build.name));
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') throw alreadyExists(build.name);
    throw error;
  }
  syncDirectory(build.lxcpath);
  rmSync(build.directory, { recursive: true });
}

/** Undoes a build that failed: its tree, its id range, its name. */
export async function discardBuild(settings: IdRangeSettings, build: Build): Promise<void> {
  await discardDirectory(settings, build.lxcpath, build.directory);
}

async function discardDirectory(
  settings: IdRangeSettings,
  lxcpath: string,
  directory: string,
): Promise<void> {
  const container = join(directory, 'container');
  const name = builtName(directory);
  const id = readMarker(container);
  await removeOutsideRootfs(container);
  await emptyTree(directory, ['name', 'container']);
  if (id !== undefined) {
    await emptyTree(container, ['.tslxc']);
    await releaseRanges(settings, id);
    releaseBases(settings, id);
  }
  if (name !== undefined) removeEmptyDirectory(join(lxcpath, name));
  await emptyTree(directory);
  removeEmptyDirectory(directory);
}

function buildDirectories(lxcpath: string): string[] {
  try {
    return readdirSync(lxcpath)
      .filter(entry => entry.startsWith(PREFIX))
      .map(entry => join(lxcpath, entry));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function builtName(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'name'), 'utf8');
  } catch {
    return undefined;
  }
}

/** Removes what killed creates left in lxcpath. Returns the names whose builds were removed. */
export async function cleanInterruptedBuilds(settings: IdRangeSettings, lxcpath: string): Promise<string[]> {
  const removed: string[] = [];
  for (const directory of buildDirectories(lxcpath)) {
    if (!(await isAbandoned(directory))) continue;
    const lock = tryCleaning(directory);
    if (lock === undefined) continue;
    try {
      const name = builtName(directory);
      await discardDirectory(settings, lxcpath, directory);
      if (name !== undefined) removed.push(name);
    } finally {
      lock.release();
    }
  }
  return removed;
}
