// Who a process is, beyond its number: pids are used again, also after a reboot.

import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: number;
  readonly bootId: string;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** The identity of a live process (default: this one). Throws ENOENT when it has ended. */
export function processIdentity(pid: number = process.pid): ProcessIdentity {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { pid, startTime: Number(fields[19]), bootId: bootId() };
}

/** Whether that very process is still alive; a zombie is not. */
export function sameProcessAlive(identity: ProcessIdentity): boolean {
  try {
    const stat = readFileSync(`/proc/${identity.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && Number(fields[19]) === identity.startTime && bootId() === identity.bootId;
  } catch {
    return false;
  }
}
