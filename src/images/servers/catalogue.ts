// What a server offers, and which files make an image: from simplestreams where the server has it, for it has checksums in its index;
// else from LXC's index-system and the SHA256SUMS beside each image.

import { posix } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import type { IndexFiles } from './index-files.ts';
import { parseChecksums, parseIndexSystem } from './index-system.ts';
import { badIndex, type OfferedImage, type ServerFile } from './model.ts';
import { parseProducts, parseStreamsIndex } from './simplestreams.ts';

/** The newest first; each is the format that an LXC of that compatibility level reads. */
const INDEX_SYSTEM = ['meta/1.0/index-system.7', 'meta/1.0/index-system.5', 'meta/1.0/index-system'];
const STREAMS_INDEX = 'streams/v1/index.json';

// A hundred times what linuxcontainers.org has; a parsed index of this size stays below 200 MB.
const MOST_INDEX_BYTES = 8 * 1024 * 1024;
const MOST_SMALL_BYTES = 256 * 1024;

/** All images of the server. Throws NOT_AN_IMAGE_SERVER, IMAGE_INDEX_INVALID and what reading throws. */
export async function readCatalogue(files: IndexFiles): Promise<OfferedImage[]> {
  const offered = (await readStreams(files)) ?? (await readIndexSystem(files));
  if (offered === undefined)
    throw new TslxcError(
      'NOT_AN_IMAGE_SERVER',
      `${files.server.url} is no image server: it has neither ${STREAMS_INDEX} nor ${INDEX_SYSTEM.at(-1)}`,
    );
  files.tellRootOfTrust();
  return offered;
}

async function readStreams(files: IndexFiles): Promise<OfferedImage[] | undefined> {
  const index = await files.read(STREAMS_INDEX, {
    mostBytes: MOST_SMALL_BYTES,
    onlyNewer: true,
    onlyWithKey: false,
  });
  if (index === undefined) return undefined;
  const images: OfferedImage[] = [];
  for (const path of parseStreamsIndex(String(index), files.url(STREAMS_INDEX))) {
    const products = await files.read(path, {
      mostBytes: MOST_INDEX_BYTES,
      onlyNewer: true,
      onlyWithKey: false,
    });
    if (products === undefined) throw badIndex(files.url(path), 'the index names it, and it is not there');
    images.push(...parseProducts(String(products), files.url(path)));
  }
  return images;
}

async function readIndexSystem(files: IndexFiles): Promise<OfferedImage[] | undefined> {
  for (const path of INDEX_SYSTEM) {
    const index = await files.read(path, {
      mostBytes: MOST_INDEX_BYTES,
      onlyNewer: true,
      onlyWithKey: false,
    });
    if (index !== undefined) return parseIndexSystem(String(index), files.url(path));
  }
  return undefined;
}

/** The files of one image, each with the checksum that is believed. */
export interface ImageFiles {
  readonly rootfs: ServerFile;
  /** LXC's: config, message, expiry. */
  readonly meta?: ServerFile;
  /** What says which image it is, where the index does not bind the files to it; to be compared before the others are used. */
  readonly label?: ServerFile;
}

const ROOTFS_NAMES = ['rootfs.tar.xz', 'rootfs.tar.zst', 'rootfs.tar.gz', 'rootfs.squashfs'];
const LABEL_NAMES = ['lxd.tar.xz', 'incus.tar.xz'];

/** Throws IMAGE_INDEX_INVALID, IMAGE_TAMPERED where two of the server's lists contradict each other, IMAGE_UNSIGNED. */
export async function filesOf(files: IndexFiles, image: OfferedImage): Promise<ImageFiles> {
  const path = `${image.directory}/SHA256SUMS`;
  const text = await files.read(path, {
    mostBytes: MOST_SMALL_BYTES,
    onlyNewer: false,
    // Where the index has the checksums and nobody has a key, a signature of these says nothing more.
    onlyWithKey: image.rootfs !== undefined,
  });
  const sums = text && parseChecksums(String(text), image.directory, files.url(path));
  return image.rootfs === undefined ? bySums(files, image, sums) : byIndex(files, image.rootfs, image, sums);
}

/** The index is what is believed. SHA256SUMS adds what is not in it, if it is about the same root file system. */
function byIndex(
  files: IndexFiles,
  rootfs: ServerFile,
  image: OfferedImage,
  sums: ReadonlyMap<string, ServerFile> | undefined,
): ImageFiles {
  for (const file of [rootfs, image.label]) {
    const listed = file && sums?.get(posix.basename(file.path));
    if (listed !== undefined && listed.sha256 !== file?.sha256)
      throw new TslxcError(
        'IMAGE_TAMPERED',
        `${files.url(`${image.directory}/SHA256SUMS`)} contradicts the server's index about ${posix.basename(listed.path)}`,
      );
  }
  const isAboutIt = sums?.has(posix.basename(rootfs.path)) ?? false;
  const meta = isAboutIt ? sums?.get('meta.tar.xz') : undefined;
  return { rootfs, ...(meta === undefined ? {} : { meta }) };
}

function bySums(
  files: IndexFiles,
  image: OfferedImage,
  sums: ReadonlyMap<string, ServerFile> | undefined,
): ImageFiles {
  const url = files.url(`${image.directory}/SHA256SUMS`);
  const find = (names: readonly string[]) =>
    names.map(name => sums?.get(name)).find(file => file !== undefined);
  const [rootfs, meta, label] = [find(ROOTFS_NAMES), find(['meta.tar.xz']), find(LABEL_NAMES)];
  if (sums === undefined || rootfs === undefined)
    throw new TslxcError('IMAGE_TAMPERED', `${url} does not vouch for a root file system, so none is used`);
  const own = { rootfs, ...(meta === undefined ? {} : { meta }) };
  // Signed checksums of another image are signed as well; only the label says which one they are of.
  if (files.server.keyring === undefined || files.server.isTrustedBlindly) return own;
  if (label === undefined)
    throw new TslxcError(
      'IMAGE_UNSIGNED',
      `${url} names no ${LABEL_NAMES[0]}, so nothing signed says which image it is of`,
    );
  return { ...own, label };
}
