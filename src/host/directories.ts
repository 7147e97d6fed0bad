// Directories made with their parents. Node's own `recursive` never returns where a filesystem refuses new directories with ENOENT,
// as /proc does.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes `path` (absolute) and what is missing above it; one that is there stays as it is. Throws Node's file errors. */
export function makeDirectories(path: string, mode: number): void {
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
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
