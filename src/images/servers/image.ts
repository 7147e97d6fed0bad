// One image of a server, from what is asked for to its tree on disk: the order in which things are believed is here.

import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { wholeFile } from '../unpack/bytes.ts';
import { unpackTree } from '../unpack/tree.ts';
import { type ImageWords, imageWords } from '../unpack/words.ts';
import { openBlob, type Progress } from './blobs.ts';
import { filesOf, type ImageFiles, readCatalogue } from './catalogue.ts';
import { chooseImage } from './choose.ts';
import { IndexFiles, type IndexOptions } from './index-files.ts';
import { checkLabel } from './label.ts';
import type { OfferedImage, ServerFile } from './model.ts';
import type { ImageServer } from './server.ts';

export interface ImageOptions extends IndexOptions {
  readonly onProgress: (progress: Progress) => void;
}

/** An image that a server offers, and that nothing was found wrong with yet. */
export interface FoundImage {
  readonly server: ImageServer;
  readonly image: OfferedImage;
  readonly files: ImageFiles;
}

/** Everything the server offers; the newest builds among them too. */
export async function listImages(server: ImageServer, options: IndexOptions): Promise<OfferedImage[]> {
  return await readCatalogue(new IndexFiles(server, options));
}

/** Finds the image and what vouches for its files; downloads indexes alone. */
export async function findImage(
  server: ImageServer,
  wanted: Parameters<typeof chooseImage>[1],
  options: IndexOptions,
): Promise<FoundImage> {
  const index = new IndexFiles(server, options);
  const image = chooseImage(await readCatalogue(index), wanted, server.url);
  return { server, image, files: await filesOf(index, image) };
}

/** Downloads the image and unpacks it into the empty directory; what it says of itself is returned. */
export async function unpackImage(
  { server, image, files }: FoundImage,
  into: string,
  options: ImageOptions,
): Promise<ImageWords> {
  const place = blobPlace(options.cacheDir, into);
  const open = (file: ServerFile) =>
    openBlob({ ...options, url: `${server.url}/${file.path}`, file, directory: place.directory });
  const small = async (file: ServerFile): Promise<Buffer> =>
    await readSmall(await open(file), `${server.url}/${file.path}`);
  try {
    if (files.label)
      await checkLabel(await small(files.label), image, {
        ...options,
        url: `${server.url}/${files.label.path}`,
      });
    const words = await wordsOf(files.meta && (await small(files.meta)), server, files, options);
    const fd = await open(files.rootfs);
    try {
      const { path, sha256 } = files.rootfs;
      await unpackTree({ ...options, name: `${server.url}/${path}`, fd, sha256, into });
    } finally {
      closeSync(fd);
    }
    return words;
  } finally {
    place.remove();
  }
}

/** Removes what the cache has of the server and of the image. */
export function flushCache(server: ImageServer, options: IndexOptions, files?: ImageFiles): void {
  new IndexFiles(server, options).flush();
  for (const file of [files?.rootfs, files?.meta, files?.label])
    if (file) rmSync(join(blobsOf(options.cacheDir), file.sha256), { force: true });
}

const blobsOf = (cacheDir: string): string => join(cacheDir, 'images/files');

/** The cache; where that can't be written (a plain user's template is root of a user namespace) a directory that goes again. */
function blobPlace(cacheDir: string, into: string): { directory: string; remove(): void } {
  const directory = blobsOf(cacheDir);
  try {
    makeDirectories(directory, 0o700);
    rmSync(mkdtempSync(join(directory, '.probe-')), { recursive: true });
    return { directory, remove: () => {} };
  } catch {
    const private_ = mkdtempSync(join(dirname(into), '.tslxc-fetch-'));
    return { directory: private_, remove: () => rmSync(private_, { recursive: true, force: true }) };
  }
}

const MOST_METADATA_BYTES = 1024 * 1024;

async function readSmall(fd: number, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of wholeFile(fd)) {
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_METADATA_BYTES)
        throw new TslxcError('DOWNLOAD_TOO_LARGE', `${url} is too large for metadata`);
      chunks.push(chunk as Buffer);
    }
  } finally {
    closeSync(fd);
  }
  return Buffer.concat(chunks);
}

async function wordsOf(
  meta: Buffer | undefined,
  server: ImageServer,
  files: ImageFiles,
  { env }: ImageOptions,
): Promise<ImageWords> {
  if (meta === undefined) return { config: { lines: [], left: [] }, message: [] };
  return await imageWords({ data: meta, name: `${server.url}/${files.meta?.path ?? posix.sep}`, env });
}
