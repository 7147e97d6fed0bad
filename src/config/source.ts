// Where configs are read from: regular files of the host of bounded size, sorted directories.

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import type { ConfigLine } from './syntax.ts';

/** Replaceable by tests and by callers that hold the text already. */
export interface ConfigSource {
  /** Throws with a message that names the cause, and errno codes as node:fs has them. */
  read(path: string): string;
  /** The names in a directory, sorted; undefined when it is none. */
  list(path: string): readonly string[] | undefined;
  /** The lines of a file that it read, where it remembers them. */
  lines?(text: string, file: string): readonly ConfigLine[];
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

export const hostFiles: ConfigSource = { read: readConfigFile, list: listDirectory };

function readConfigFile(path: string): string {
  // O_NONBLOCK: a FIFO must not hold up the open; what is no regular file is refused after it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const { size } = regular(fd);
    if (size > MAX_FILE_BYTES) throw new Error('the file is larger than 4 MiB');
    return readAll(fd, size);
  } finally {
    closeSync(fd);
  }
}

function regular(fd: number): { size: number } {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new Error('not a regular file');
  return stat;
}

/** Reads on until the end, because files of /proc and growing files say nothing true about their size. */
function readAll(fd: number, size: number): string {
  const chunks: Buffer[] = [];
  for (let total = 0; total <= MAX_FILE_BYTES; ) {
    const chunk = Buffer.allocUnsafe(Math.max(size + 1 - total, 2048));
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  throw new Error('the file is larger than 4 MiB');
}

function listDirectory(path: string): readonly string[] | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return readdirSync(path).sort();
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many symbolic links',
  ENXIO: 'not a regular file',
};

/** Why a read failed, in words. */
export function readFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && REASONS[code]) ?? message;
}
