// The two locks of a container: *run* (whoever runs it: at last its monitor alone) and *edit* (whoever changes it).

import { existsSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { makeDirectories } from '../host/directories.ts';
import { type Lock, takeLock, tryLock } from '../host/locks.ts';
import type { Place } from './place.ts';

/** In P/N/.tslxc; in the run directory for a container that has no directory of its own (`start -f`). */
export function runLockFile(place: Place): string {
  return `${lockDirectory(place)}/run`;
}

function lockDirectory(place: Place): string {
  // An empty P/N is the place that a create holds for the name, and must stay empty.
  const isContainer = existsSync(place.paths.config) || existsSync(place.paths.private);
  return isContainer ? place.paths.private : place.paths.run;
}

/** The run lock, or undefined when the container runs, or another command starts or cleans it. */
export function tryRunLock(place: Place): Lock | undefined {
  return tryLock(prepared(place, 'run'));
}

/** Waits for the run lock; undefined after `timeoutMs`. */
export function takeRunLock(place: Place, timeoutMs: number): Promise<Lock | undefined> {
  return takeLock(prepared(place, 'run'), timeoutMs);
}

/** The edit lock. Throws BUSY when another command keeps it for longer than 10 s. */
export async function takeEditLock(place: Place): Promise<Lock> {
  const lock = await takeLock(prepared(place, 'edit'), EDIT_TIMEOUT_MS);
  if (lock) return lock;
  throw new TslxcError('BUSY', 'another command is changing it', {
    hint: 'try again when that command has ended',
  });
}

const EDIT_TIMEOUT_MS = 10_000;

function prepared(place: Place, file: 'run' | 'edit'): string {
  const directory = lockDirectory(place);
  makeDirectories(directory, 0o700);
  return `${directory}/${file}`;
}
