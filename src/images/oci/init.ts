// Whether a container of an image runs the image's own command, or a real init that the image has.

import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { openBeneath } from '../../host/beneath.ts';
import { DEFAULT_PATH, type Start } from './container.ts';
import type { ImageConfig } from './image.ts';

export type InitChoice = 'auto' | 'command' | 'image';

/** Inits as people call them. */
const INITS = ['/sbin/init', '/usr/sbin/init', '/lib/systemd/systemd', '/usr/lib/systemd/systemd'];
const SHELLS = /^(?:\/usr)?(?:\/bin\/)?(?:ba|da|a|z)?sh$/;

export interface FoundStart {
  readonly start: Start;
  /** The init that the image has besides its command. */
  readonly other: string | undefined;
}

/**
 * With `auto`, an image that says what to run runs that; one that says nothing, a shell, or an init, boots its init if that is a
 * real one. Undefined: there is nothing to run.
 */
export function chooseStart(rootfs: string, config: ImageConfig, choice: InitChoice): FoundStart | undefined {
  const argv = [...config.entrypoint, ...config.cmd];
  const init = findInit(rootfs);
  const [program, ...words] = argv;
  const isPlain =
    program === undefined || (SHELLS.test(program) && words.length === 0) || INITS.includes(program);
  if (choice === 'image' || (choice === 'auto' && isPlain && init !== undefined))
    return init === undefined ? undefined : { start: { kind: 'init', path: init }, other: undefined };
  if (program !== undefined)
    return {
      start: { kind: 'command', argv: [findProgram(rootfs, program, config), ...words] },
      other: init,
    };
  return exists(rootfs, 'bin/sh')
    ? { start: { kind: 'command', argv: ['/bin/sh'] }, other: init }
    : undefined;
}

/** Where a program is: by the image's PATH, or from its working directory. What is not there is left to the start to tell. */
function findProgram(rootfs: string, program: string, { env, workingDir }: ImageConfig): string {
  if (program.startsWith('/')) return program;
  const path = env.findLast(setting => setting.startsWith('PATH='))?.slice('PATH='.length) ?? DEFAULT_PATH;
  const directories = program.includes('/')
    ? [workingDir || '/']
    : path.split(':').filter(one => one.startsWith('/'));
  const places = directories.map(directory => posix.join(directory, program));
  return places.find(place => isProgram(rootfs, place.slice(1))) ?? program;
}

/** A real init: systemd, OpenRC, sysvinit. busybox is in many an image that has nothing for it to start. */
function findInit(rootfs: string): string | undefined {
  return INITS.find(path => {
    if (!isProgram(rootfs, path.slice(1))) return false;
    if (!isBusybox(rootfs, path.slice(1))) return true;
    return (
      exists(rootfs, 'etc/inittab') && (exists(rootfs, 'sbin/openrc') || exists(rootfs, 'etc/init.d/rcS'))
    );
  });
}

function isProgram(rootfs: string, path: string): boolean {
  return inTree(rootfs, path, fd => {
    const stat = fstatSync(fd);
    return stat.isFile() && (stat.mode & 0o111) !== 0;
  });
}

function exists(rootfs: string, path: string): boolean {
  return inTree(rootfs, path, () => true);
}

/** By the name that it has in its own text: links to it, and copies of it, are the same. */
function isBusybox(rootfs: string, path: string): boolean {
  return inTree(rootfs, path, fd => {
    if (readlinkSync(`/proc/self/fd/${fd}`).endsWith('/busybox')) return true;
    const chunk = Buffer.alloc(4 << 20);
    return chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, 0)).includes('BusyBox v');
  });
}

/** Asks of a file of the tree; false when there is none. No link leads out of the tree. */
function inTree(rootfs: string, path: string, ask: (fd: number) => boolean): boolean {
  const directory = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openBeneath(directory, path, constants.O_RDONLY);
    try {
      return ask(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  } finally {
    closeSync(directory);
  }
}
