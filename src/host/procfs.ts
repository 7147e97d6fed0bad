// What /proc says about one process. Reads only.

import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** One letter: R S D Z T … */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks since boot; with the pid it names one process for ever. */
  readonly starttime: bigint;
}

/** undefined when there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything, so fields are counted from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '?', parent: Number(fields[1]), starttime: BigInt(fields[19] ?? 0) };
}

/** That process exists and is no zombie. */
export function isAlive(pid: number, starttime: bigint): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.starttime === starttime && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether the process would notice the signal: it has a handler, or blocks it to read it from a signalfd, or waits for it. */
export function wouldNotice(pid: number, signal: number): boolean {
  const text = readProc(`/proc/${pid}/status`);
  if (text === undefined) return false;
  const has = (label: string): boolean => {
    const mask = new RegExp(`^${label}:\\s*([0-9a-f]+)$`, 'm').exec(text)?.[1] ?? '0';
    return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
  };
  // While sigtimedwait sleeps the kernel shows its signals as not blocked, and /proc does not show the set: busybox's init rests there.
  return has('SigCgt') || has('SigBlk') || (readProc(`/proc/${pid}/wchan`) ?? '').includes('sigtimedwait');
}

let boot: string | undefined;

/** /proc/sys/kernel/random/boot_id. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

/** A file of /proc that may vanish at any time: undefined then. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
