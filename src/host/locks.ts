// Locks on files that belong to an open descriptor (OFD): they pass to a child with the descriptor and end with its last copy.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { addon } from './addon.ts';

/** A held lock. `fd` may be given to a child, which then holds it too. */
export interface Lock {
  readonly fd: number;
  /** Closes our descriptor; the lock ends when no child has a copy. */
  release(): void;
}

const RETRY_MS = 15;

/** The exclusive lock on the file, made (0600) if need be; undefined while somebody else has it. Throws Node's file errors. */
export function tryLock(path: string): Lock | undefined {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      if (!addon().tryLock(fd, true)) {
        closeSync(fd);
        return undefined;
      }
      // Its last holder may have removed the file between our open and our lock: such a lock excludes nobody.
      if (isSameFile(fd, path)) return { fd, release: () => closeSync(fd) };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

/** Waits for the lock; undefined when it is still taken after `timeoutMs`. */
export async function takeLock(
  path: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Lock | undefined> {
  // A blocking F_OFD_SETLKW would stop the event loop, and with it the holder if that is another call of this process.
  for (const until = performance.now() + timeoutMs; ; ) {
    const lock = tryLock(path);
    if (lock || performance.now() >= until) return lock;
    await delay(RETRY_MS, undefined, signal ? { signal } : {});
  }
}

/** Whether somebody holds the lock now. Takes nothing, makes nothing: for commands that only look. */
export function isLocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    return addon().wouldBlock(fd, true);
  } finally {
    closeSync(fd);
  }
}

function isSameFile(fd: number, path: string): boolean {
  const open = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}
