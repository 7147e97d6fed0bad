// The marker of a container: `.tslxc/id` in its directory, a uuid. A tree without it is not ours to remove.

import { randomUUID } from 'node:crypto';
import { closeSync, constants, lstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether ids on disk are the container's own (0 = root) or shifted into its range. */
export type Stored = 'unshifted' | 'shifted';

/** The directory of a container that is tslxc's own: id, locks, how the rootfs is stored. */
export function markerDirectory(containerDirectory: string): string {
  return join(containerDirectory, '.tslxc');
}

/** Makes `.tslxc/id` of a build with a new uuid, and returns it. Throws EEXIST when there is one. */
export function writeMarker(containerDirectory: string): string {
  const directory = markerDirectory(containerDirectory);
  mkdirSync(directory, { mode: 0o700 });
  const id = randomUUID();
  writeMarkerFile(containerDirectory, 'id', id);
  return id;
}

/** Makes one small file in `.tslxc` of a build, where there must be none. It becomes durable when the build is published. */
export function writeMarkerFile(containerDirectory: string, name: string, text: string): void {
  writeFileSync(join(markerDirectory(containerDirectory), name), `${text}\n`, { mode: 0o600, flag: 'wx' });
}

/** The first line of a file in `.tslxc`, or undefined when it, or a real `.tslxc` directory, is not there. */
export function readMarkerFile(containerDirectory: string, name: string): string | undefined {
  const directory = markerDirectory(containerDirectory);
  try {
    if (!lstatSync(directory).isDirectory()) return undefined;
    const fd = openSync(
      join(directory, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      return readFileSync(fd, 'utf8').split('\n')[0];
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

/** The container's uuid, or undefined when the tree carries no marker of ours. */
export function readMarker(containerDirectory: string): string | undefined {
  const id = readMarkerFile(containerDirectory, 'id');
  return id !== undefined && /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

/** How the rootfs is stored, as create wrote it down; undefined for a container of LXC's own. */
export function readStored(containerDirectory: string): Stored | undefined {
  const word = readMarkerFile(containerDirectory, 'stored');
  return word === 'unshifted' || word === 'shifted' ? word : undefined;
}
