// Who a process is, beyond its number: pids are used again, also after a reboot.

import { bootId, isAlive, processStat } from '../host/procfs.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTime: number;
  readonly bootId: string;
}

/** The identity of a process (default: this one); undefined when it has ended. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = processStat(pid);
  return stat && { pid, startTime: Number(stat.starttime), bootId: bootId() };
}

/** Who we are. */
export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error('/proc does not show this process');
  return own;
}

/** Whether that very process is still alive; a zombie is not. */
export function sameProcessAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && isAlive(identity.pid, BigInt(identity.startTime));
}
