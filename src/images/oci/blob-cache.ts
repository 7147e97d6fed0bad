// Layers by their digests, kept for the next image that has them: `DIR/sha256/HEX`. What is there is checked again each time.

import { createReadStream, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { type Lock, tryLock } from '../../host/locks.ts';
import { type Expected, verifyStream } from './digest.ts';

/** Sends the bytes from `fromByte` on to `take`; false when it can only begin anew. */
export type Download = (fromByte: number, take: (chunk: Buffer) => Promise<void>) => Promise<boolean>;

export class BlobCache {
  readonly #directory: string;

  /** Files in `directory`, or in `spare` (which ends with this command) where that can't be written. */
  constructor(directory: string | undefined, spare: string) {
    this.#directory = usable(directory) ?? spare;
  }

  /** The file of a blob that is here. */
  file(digest: string): string {
    return join(this.#directory, ...digest.split(':'));
  }

  /** Makes sure that a blob is here and is what it should be. Throws IMAGE_TAMPERED, and what the download throws. */
  async bring(expected: Expected & { readonly sizeBytes: number }, download: Download): Promise<void> {
    const file = this.file(expected.digest);
    makeDirectories(join(file, '..'), 0o700);
    if (await isWhole(file, expected)) return;
    const lock = tryLock(`${file}.partial`);
    // Another command brings it at this moment: what it has so far is not ours to go on with.
    const partial = lock === undefined ? `${file}.${process.pid}` : `${file}.partial`;
    try {
      await fill(partial, expected, download);
      await verifyStream(readingOf(partial), expected);
      renameSync(partial, file);
      this.#sweep();
    } catch (error) {
      const keep = (error as { code?: string }).code === 'DOWNLOAD_FAILED' && lock !== undefined;
      if (!keep) rmSync(partial, { force: true });
      throw inWords(error, partial);
    } finally {
      release(lock);
    }
  }

  /** Removes what no image has used for a month: a cache only grows otherwise. */
  #sweep(): void {
    for (const entry of readdirSync(this.#directory, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      const stat = entry.isFile() ? statSync(file, { throwIfNoEntry: false }) : undefined;
      if (stat !== undefined && Date.now() - stat.mtimeMs > UNUSED_MS) rmSync(file, { force: true });
    }
  }
}

const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** The host's own refusals, a full disk above all, are the user's to see. */
function inWords(error: unknown, file: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof TslxcError || syscall === undefined) return error;
  const cause = code === 'ENOSPC' ? 'no space is left on its disk' : code;
  return new TslxcError('CACHE_FAILED', `${file} can't be written: ${cause}`, {
    cause: error,
    hint: 'make room there, or keep no layers with --no-cache',
  });
}

function release(lock: Lock | undefined): void {
  lock?.release();
}

function usable(directory: string | undefined): string | undefined {
  if (directory === undefined) return undefined;
  try {
    makeDirectories(join(directory, 'sha256'), 0o700);
    return directory;
  } catch {
    // In a user namespace of LXC the cache of root is not ours.
    return undefined;
  }
}

function readingOf(file: string): AsyncIterable<Buffer> {
  return createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
}

async function isWhole(file: string, expected: Expected): Promise<boolean> {
  try {
    await verifyStream(readingOf(file), expected);
    const now = new Date();
    utimesSync(file, now, now);
    return true;
  } catch (error) {
    // A damaged copy is no reason to fail where the image can still be had.
    if ((error as { code?: string }).code !== 'ENOENT') rmSync(file, { force: true });
    return false;
  }
}

async function fill(file: string, { sizeBytes }: { sizeBytes: number }, download: Download): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    const take = async (chunk: Buffer) => {
      await handle.appendFile(chunk);
    };
    const there = statSync(file).size;
    if (there === sizeBytes) return;
    if (there > 0 && there < sizeBytes && (await download(there, take))) return;
    await handle.truncate(0);
    await download(0, take);
  } finally {
    await handle.close();
  }
}
