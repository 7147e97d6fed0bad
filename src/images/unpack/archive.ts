// What an image is packed as, told by its first bytes: names can say anything.

import { readSync } from 'node:fs';

export type Archive = 'xz' | 'zstd' | 'gzip' | 'bzip2' | 'tar' | 'squashfs';

const MAGIC: readonly (readonly [Archive, number, readonly number[]])[] = [
  ['xz', 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ['gzip', 0, [0x1f, 0x8b]],
  ['bzip2', 0, [0x42, 0x5a, 0x68]],
  ['squashfs', 0, [0x68, 0x73, 0x71, 0x73]],
  ['tar', 257, [0x75, 0x73, 0x74, 0x61, 0x72]],
];
const HEAD_BYTES = 262;

/** Undefined when it is none that we know. */
export function archiveOf(head: Uint8Array): Archive | undefined {
  return MAGIC.find(([, at, bytes]) => bytes.every((byte, index) => head[at + index] === byte))?.[0];
}

export function archiveOfFile(fd: number): Archive | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  return archiveOf(head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0)));
}

/** The options by which GNU tar reads it. */
export const TAR_OPTION: Readonly<Record<Exclude<Archive, 'squashfs'>, readonly string[]>> = {
  xz: ['--xz'],
  zstd: ['--zstd'],
  gzip: ['--gzip'],
  bzip2: ['--bzip2'],
  tar: [],
};
