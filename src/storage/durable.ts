// What makes a change survive a power cut.

import { randomUUID } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { runProgram } from '../host/program.ts';

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a whole file so that every reader sees the old text or the new: beside, fsync, rename. */
export function writeFileDurably(file: string, text: string, mode: number): void {
  const draft = `${file}.${randomUUID()}`;
  const fd = openSync(draft, 'wx', mode); // a name that nobody could have planted a link at
  try {
    fchmodSync(fd, mode);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
}

/** Writes out the filesystem that holds `path`: one call for a tree of any size. */
export async function syncFilesystem(path: string): Promise<void> {
  const { exitCode, stderr, startError } = await runProgram('sync', ['--file-system', path], {
    detached: true,
  });
  if (exitCode === 0) return;
  throw new TslxcError('SYNC_FAILED', `${path} could not be written to disk: ${startError ?? stderr}`);
}
