// Big files of servers, in the cache by their checksum. The cache may be emptied at any time, and is believed no more than the
// server: what is used is a descriptor whose bytes were just hashed.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { lengthOf } from '../../host/curl.ts';
import { makeDirectories } from '../../host/directories.ts';
import { takeLock } from '../../host/locks.ts';
import { hashOf } from '../unpack/bytes.ts';
import type { ServerFile } from './model.ts';
import { transfer } from './transfer.ts';

/** How far a download is. */
export interface Progress {
  /** The file's address. */
  readonly url: string;
  readonly bytes: number;
  readonly totalBytes?: number;
  /** Of this run, from its beginning. */
  readonly bytesPerSecond: number;
}

export interface BlobRequest {
  readonly url: string;
  readonly file: ServerFile;
  /** The cache, or a private directory where that can't be written. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** No root file system is larger than this. */
const MOST_BYTES = 64 * 1024 ** 3;
/** As long as another create may take for the same file. */
const LOCK_TIMEOUT_MS = 60 * 60 * 1000;

/** A descriptor of exactly the bytes that the checksum is of; the caller closes it. Throws IMAGE_TAMPERED and what `transfer` throws. */
export async function openBlob(request: BlobRequest): Promise<number> {
  const { file, directory, url } = request;
  const path = join(directory, file.sha256);
  for (let isSecond = false; ; isSecond = true) {
    const isFresh = await obtain(request, path);
    const fd = openSync(path, 'r');
    const sha256 = await hashOf(fd);
    if (sha256 === file.sha256) return fd;
    closeSync(fd);
    rmSync(path, { force: true });
    // What was kept, or begun by another run, may be damaged here; what came whole just now came so from the server.
    if (isFresh === 'whole' || isSecond)
      throw new TslxcError(
        'IMAGE_TAMPERED',
        `${url} is not the file that its index names: its sha256 is ${sha256}, not ${file.sha256}`,
        {
          hint: 'the server or something on the way changes files, or its index is being renewed: try again later',
        },
      );
  }
}

/** Puts the file at `path`, unless it is there. */
async function obtain(request: BlobRequest, path: string): Promise<'kept' | 'resumed' | 'whole'> {
  if (isThere(path)) return 'kept';
  makeDirectories(request.directory, 0o700);
  const partial = `${path}.part`;
  const lock = await takeLock(partial, LOCK_TIMEOUT_MS, request.signal);
  if (lock === undefined)
    throw new TslxcError('DOWNLOAD_FAILED', `another download of ${request.url} does not end`);
  try {
    if (isThere(path)) {
      rmSync(partial, { force: true });
      return 'kept';
    }
    const begun = statSync(partial).size;
    await download(request, partial);
    renameSync(partial, path);
    return begun > 0 ? 'resumed' : 'whole';
  } catch (error) {
    // What came is gone on with next time; nothing is no beginning.
    if (statSync(partial, { throwIfNoEntry: false })?.size === 0) rmSync(partial);
    throw error;
  } finally {
    lock.release();
  }
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

async function download(request: BlobRequest, partial: string): Promise<void> {
  const { url, file, env, signal } = request;
  const abortable = signal === undefined ? {} : { signal };
  const part = new PartialFile(partial);
  try {
    if (part.bytes >= (file.sizeBytes ?? Number.POSITIVE_INFINITY)) part.clear();
    const tell = progressOf(request, file.sizeBytes ?? (await lengthOf({ url, env, ...abortable })));
    const isOffered = await transfer({
      url,
      mostBytes: file.sizeBytes ?? MOST_BYTES,
      fromByte: part.bytes,
      env,
      ...abortable,
      take: chunk => {
        part.append(chunk);
        tell(part.bytes, chunk.length);
      },
      restart: () => part.clear(),
    });
    if (!isOffered)
      throw new TslxcError('DOWNLOAD_FAILED', `can't get ${url}: the server names it, and does not have it`);
    if (file.sizeBytes !== undefined && part.bytes !== file.sizeBytes)
      throw new TslxcError(
        'IMAGE_TAMPERED',
        `${url} has ${part.bytes} bytes, not ${file.sizeBytes} as its index says`,
      );
  } catch (error) {
    // What a network broke off is gone on with; what was wrong is no beginning of anything.
    if (!(error instanceof TslxcError && error.code === 'SERVER_UNREACHABLE') && !signal?.aborted)
      part.clear();
    throw error;
  } finally {
    part.close();
  }
}

/** A download that may be gone on with. */
class PartialFile {
  readonly #path: string;
  readonly #fd: number;
  bytes: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a');
    this.bytes = fstatSync(this.#fd).size;
  }

  append(chunk: Buffer): void {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    } catch (cause) {
      const why = /^\w+: (.*), write$/.exec((cause as Error).message)?.[1] ?? String(cause);
      throw new TslxcError('DOWNLOAD_FAILED', `can't write ${this.#path}: ${why}`, { cause });
    }
    this.bytes += chunk.length;
  }

  clear(): void {
    ftruncateSync(this.#fd, 0);
    this.bytes = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Tells how far the file is after each piece of it. */
function progressOf({ url, onProgress }: BlobRequest, totalBytes: number | undefined) {
  const began = performance.now();
  let fresh = 0;
  return (bytes: number, more: number) => {
    fresh += more;
    const bytesPerSecond = (fresh * 1000) / Math.max(1, performance.now() - began);
    onProgress({ url, bytes, ...(totalBytes === undefined ? {} : { totalBytes }), bytesPerSecond });
  };
}
