// An image that is on this host already: the same refusals, and nothing that could vouch for it but its owner.

import { closeSync, readFileSync, statSync } from 'node:fs';
import { TslxcError } from '../../base/errors.ts';
import { copyTree, openArchive, unpackTree } from './tree.ts';
import { type ImageWords, imageWords } from './words.ts';

export interface LocalImage {
  /** A tarball, a squashfs or a directory; absolute. */
  readonly fstree: string;
  /** LXC's metadata tarball; absolute. */
  readonly metadata?: string;
  /** An empty directory; absent: its tree is not unpacked. */
  readonly into?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Unpacks it; what it says of itself is returned, if it has metadata. Throws UNPACK_FAILED, IMAGE_CONFIG_REFUSED. */
export async function unpackLocal(image: LocalImage): Promise<ImageWords | undefined> {
  const { fstree, metadata, into, env, signal } = image;
  const words =
    metadata === undefined ? undefined : await imageWords({ data: read(metadata), name: metadata, env });
  if (into === undefined) return words;
  const where = { name: fstree, into, env, signal };
  if (statSync(fstree, { throwIfNoEntry: false })?.isDirectory()) {
    await copyTree(fstree, where);
    return words;
  }
  const fd = openArchive(fstree);
  try {
    await unpackTree({ ...where, fd });
  } finally {
    closeSync(fd);
  }
  return words;
}

function read(file: string): Buffer {
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readFileSync(file);
  throw new TslxcError('UNPACK_FAILED', `${file} is not a file`);
}
