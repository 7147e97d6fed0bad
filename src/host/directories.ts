// Directories and files that may not be there.

import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes `path` (absolute) and what is missing above it, and returns the first that was missing; one that is there stays as it is,
 * and undefined is returned. Throws Node's file errors. Node's own
 * `recursive` never returns where a filesystem refuses new directories with ENOENT, as /proc does.
 */
export function makeDirectories(path: string, mode: number): string | undefined {
  const missing: string[] = [];
  for (let at = path; !isThere(at); at = dirname(at)) missing.unshift(at);
  for (const directory of missing) {
    try {
      mkdirSync(directory, { mode });
    } catch (error) {
      // Another command was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  if (!statSync(path).isDirectory()) mkdirSync(path); // throws EEXIST, which says what is wrong
  return missing[0];
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The names in a directory; none where there is no such directory. */
export function entriesOf(directory: string): string[] {
  return orIfAbsent([], () => readdirSync(directory));
}

/** The text of a file; empty where there is no such file. */
export function textOf(file: string): string {
  return orIfAbsent('', () => readFileSync(file, 'utf8'));
}

function orIfAbsent<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return otherwise;
    throw error;
  }
}
