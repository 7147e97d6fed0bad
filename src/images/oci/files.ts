// The files of a layout or of an archive of docker, which are a directory or a tar archive.

import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { LARGEST_DOCUMENT_BYTES } from './image.ts';
import { unpacked } from './packing.ts';
import { readTar } from './tar-reader.ts';

export interface ImageFiles {
  /** The whole of a small file. Throws IMAGE_INVALID when there is none of the name. */
  read(name: string): Promise<Buffer>;
  open(name: string): AsyncIterable<Buffer>;
}

type Environment = Readonly<Record<string, string | undefined>>;

function missing(place: string, name: string): TslxcError {
  return new TslxcError('IMAGE_INVALID', `${place} has no ${name}`, {
    hint: 'see whether it is what the word before the colon says: oci, oci-archive, docker-archive',
  });
}

/** The files of a directory, its blobs perhaps in another. `name` is one of ours, or of a digest. */
export function directoryFiles(directory: string, blobs = join(directory, 'blobs')): ImageFiles {
  const place = (name: string) =>
    name.startsWith('blobs/') ? join(blobs, name.slice('blobs/'.length)) : join(directory, name);
  return {
    async read(name) {
      const file = place(name);
      try {
        if ((await stat(file)).size > LARGEST_DOCUMENT_BYTES)
          throw new TslxcError('IMAGE_INVALID', `${file} is too large to be a document of an image`);
        return await readFile(file);
      } catch (error) {
        throw readable(error, directory, name);
      }
    },
    async *open(name) {
      try {
        yield* createReadStream(place(name)) as AsyncIterable<Buffer>;
      } catch (error) {
        throw readable(error, directory, name);
      }
    },
  };
}

function readable(error: unknown, directory: string, name: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return missing(directory, name);
  if (syscall === undefined) return error;
  return new TslxcError('IMAGE_UNREADABLE', `${join(directory, name)} can't be read: ${code}`);
}

interface Section {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The files of a tar archive, found by one reading; a packed one is unpacked into `work` first. */
export async function archiveFiles(file: string, work: string, env: Environment): Promise<ImageFiles> {
  const plain = await plainArchive(file, work, env);
  const sections = new Map<string, Section>();
  const links = new Map<string, string>();
  try {
    for await (const { header, offset } of readTar(createReadStream(plain) as AsyncIterable<Buffer>)) {
      const name = normalize(header.name);
      if (header.type === 'file') sections.set(name, { offset, sizeBytes: header.sizeBytes });
      if (header.type === 'link') links.set(name, normalize(header.linkName));
      // Older versions of docker save a layer that is there twice as a link.
      if (header.type === 'symlink') links.set(name, join(dirname(name), header.linkName));
    }
  } catch (error) {
    throw new TslxcError('IMAGE_INVALID', `${file} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const find = (name: string): Section => {
    const section = sections.get(normalize(name)) ?? sections.get(links.get(normalize(name)) ?? '');
    if (section === undefined) throw missing(file, name);
    return section;
  };
  return {
    async read(name) {
      const { offset, sizeBytes } = find(name);
      if (sizeBytes > LARGEST_DOCUMENT_BYTES)
        throw new TslxcError('IMAGE_INVALID', `${name} in ${file} is too large to be a document of an image`);
      const handle = await open(plain);
      try {
        return (await handle.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offset)).buffer;
      } finally {
        await handle.close();
      }
    },
    async *open(name) {
      const { offset, sizeBytes } = find(name);
      if (sizeBytes === 0) return;
      yield* createReadStream(plain, { start: offset, end: offset + sizeBytes - 1 }) as AsyncIterable<Buffer>;
    },
  };
}

async function plainArchive(file: string, work: string, env: Environment): Promise<string> {
  try {
    const first = Buffer.alloc(4);
    const handle = await open(file);
    await handle.read(first, 0, 4, 0).finally(() => handle.close());
    if (first.readUInt16BE() !== 0x1f8b && first.readUInt32LE() !== 0xfd2fb528) return file;
  } catch (error) {
    throw readable(error, dirname(file), file.slice(dirname(file).length + 1));
  }
  makeDirectories(work, 0o700);
  const plain = join(work, 'archive.tar');
  await pipeline(
    unpacked(createReadStream(file) as AsyncIterable<Buffer>, env),
    createWriteStream(plain, { mode: 0o600 }),
  );
  return plain;
}
