// Who works in a directory whose name ends in -PID-STARTTIME-XXXXXX, and whether it was left: what is interrupted is found by the
// directory's name and removed by the next command.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lock, tryLock } from '../host/locks.ts';
import { isAlive } from '../host/procfs.ts';
import { identityOf, ownIdentity, type ProcessIdentity, sameProcessAlive } from './process-identity.ts';

/** How long the template of a killed command may take to follow it. */
const WORKER_WAIT_MS = 2_000;

/** `PID-STARTTIME-` of this process, for mkdtemp to complete. */
export function builderTag(): string {
  const { pid, startTime } = ownIdentity();
  return `${pid}-${startTime}-`;
}

/** Notes the process that writes into the directory, so that nothing is removed under it. */
export function recordWorker(directory: string, pid: number): void {
  const worker = identityOf(pid);
  if (worker !== undefined) writeFileSync(join(directory, 'worker'), JSON.stringify(worker));
}

/** Whether its builder has ended, and what the builder ran as well (which is waited for a moment). */
export async function isAbandoned(directory: string): Promise<boolean> {
  return !builderAlive(directory) && (await workerEnds(directory));
}

function builderAlive(directory: string): boolean {
  const match = /-(\d+)-(\d+)-[^-]*$/.exec(directory);
  if (match === null) return false;
  return isAlive(Number(match[1]), BigInt(match[2] ?? 0));
}

async function workerEnds(directory: string): Promise<boolean> {
  let worker: ProcessIdentity;
  try {
    worker = JSON.parse(readFileSync(join(directory, 'worker'), 'utf8')) as ProcessIdentity;
  } catch {
    return true;
  }
  for (const end = Date.now() + WORKER_WAIT_MS; sameProcessAlive(worker); await delay(20)) {
    if (Date.now() > end) return false;
  }
  return true;
}

/** One cleaner a build: a second, slower one would take the name away from a create that has it by then. */
export function tryCleaning(directory: string): Lock | undefined {
  try {
    return tryLock(join(directory, 'cleaning'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // cleaned meanwhile
    throw error;
  }
}
