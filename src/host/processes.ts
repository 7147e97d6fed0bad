// Processes held by pidfd: a signal can never reach another process that took over the number.

import { closeSync, readFileSync } from 'node:fs';
import { addon } from './addon.ts';

/** One process, pinned. */
export interface ProcessHandle {
  readonly pid: number;
  readonly fd: number;
  /** False when it is gone. */
  signal(signal: number): boolean;
  /** Resolves when the process has ended (a zombie has); rejects with the signal's reason when aborted. */
  exited(signal?: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Pins the process; undefined when it is gone, or is not the one that began at `starttime` (clock ticks since boot, field 22 of
 * /proc/PID/stat).
 */
export function openProcess(pid: number, starttime?: bigint): ProcessHandle | undefined {
  let fd: number;
  try {
    fd = addon().pidfdOpen(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
    throw error;
  }
  // Pinned first, then compared: from here on the number cannot be reused unnoticed.
  if (starttime !== undefined && processStarttime(pid) !== starttime) {
    closeSync(fd);
    return undefined;
  }
  return {
    pid,
    fd,
    signal: number => addon().pidfdSendSignal(fd, number),
    exited: signal => readable(fd, signal),
    close: () => closeSync(fd),
  };
}

/** When the process began, in clock ticks since boot; undefined when it is gone. */
export function processStarttime(pid: number): bigint | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may hold anything, also spaces and parentheses.
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined ? undefined : BigInt(field);
}

/** Resolves when the descriptor is readable or hung up. It must stay open until then. */
export function readable(fd: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      stop();
      reject(signal?.reason);
    };
    const stop = addon().watchReadable(fd, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
