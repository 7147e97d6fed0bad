// What makes a change survive a power cut.

import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
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

/** Writes a file of a build, which is written out as a whole when it is published: over what is there, through no link. */
export function writeBuildFile(file: string, text: string, mode: number): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, text, { mode, flag: 'wx' });
  chmodSync(draft, mode); // whatever the umask
  renameSync(draft, file);
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

/**
 * Writes out a tree of few files, one by one: on a busy host, writing out its whole filesystem would wait for what others have
 * written. No link is followed.
 */
export function syncFewFiles(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncFewFiles(path);
    else if (entry.isFile()) syncFile(path);
  }
  syncDirectory(directory);
}

function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
