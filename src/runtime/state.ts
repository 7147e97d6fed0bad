// The truth about a container: a live init that is the recorded one, in this boot. Reads only, takes no lock.

import { SharedFiles } from '../config/shared-files.ts';
import { type CgroupMounts, cgroupMounts, cgroupOf, readCgroupFile } from '../host/cgroups.ts';
import { isLocked } from '../host/locks.ts';
import { bootId, isAlive, readProc } from '../host/procfs.ts';
import { abstractAddresses } from '../host/unix-socket.ts';
import { readEvents, type State } from './events.ts';
import { runLockFile } from './locks.ts';
import type { Place } from './place.ts';

export interface Observed {
  readonly state: State;
  /** Host pid of init, while it lives. */
  readonly initPid?: number;
  /** Host pid of our monitor, while it lives. */
  readonly monitorPid?: number;
  /** LXC's own monitor runs it: we may look, but not touch. */
  readonly heldByLxc?: true;
}

/** What several observations share; make one for each command. */
export class HostView {
  #mounts: CgroupMounts | undefined;
  #addresses: ReadonlySet<string> | undefined;
  readonly configFiles = new SharedFiles();

  get mounts(): CgroupMounts {
    this.#mounts ??= cgroupMounts();
    return this.#mounts;
  }

  /** Abstract unix addresses that are bound, without the @. */
  get addresses(): ReadonlySet<string> {
    this.#addresses ??= abstractAddresses();
    return this.#addresses;
  }
}

/** The container's state now. One that was never defined is STOPPED. */
export function observe(place: Place, view = new HostView()): Observed {
  const record = readIncarnation(place);
  const monitorPid =
    record && isAlive(record.monitorPid, record.monitorStarttime) ? record.monitorPid : undefined;
  if (record && isAlive(record.initPid, record.initStarttime)) {
    const monitor = monitorPid === undefined ? {} : { monitorPid };
    return {
      state: liveState(place, record.initPid, monitorPid !== undefined, view),
      initPid: record.initPid,
      ...monitor,
    };
  }
  const last = readEvents(place.paths.events).at(-1)?.state ?? 'STOPPED';
  if (last !== 'STOPPED' && isLocked(runLockFile(place)))
    return { state: last === 'STARTING' || last === 'ABORTING' ? last : 'STOPPING' };
  if (view.addresses.has(place.address)) return { state: 'RUNNING', heldByLxc: true };
  return { state: 'STOPPED' };
}

/** RUNNING or FROZEN; STARTING until init has been exec'd, as long as somebody still works on it. */
function liveState(place: Place, initPid: number, hasMonitor: boolean, view: HostView): State {
  if (isFrozen(initPid, view.mounts)) return 'FROZEN';
  const last = readEvents(place.paths.events).at(-1)?.state;
  return hasMonitor && (last === 'STARTING' || last === 'STOPPING') ? last : 'RUNNING';
}

/** Whether init's group, or one above it, is frozen. */
export function isFrozen(pid: number, mounts: CgroupMounts): boolean {
  const unified = cgroupOf(pid, 'v2', mounts);
  if (unified !== undefined) return /^frozen 1$/m.test(readCgroupFile(unified, 'cgroup.events') ?? '');
  const freezer = cgroupOf(pid, 'freezer', mounts);
  return freezer !== undefined && readCgroupFile(freezer, 'freezer.state') === 'FROZEN';
}

/** Who is init and who its monitor, as the executor recorded it. */
export interface Incarnation {
  readonly initPid: number;
  readonly initStarttime: bigint;
  readonly monitorPid: number;
  readonly monitorStarttime: bigint;
}

/** undefined when nothing was recorded in this boot. */
export function readIncarnation(place: Place): Incarnation | undefined {
  const words = readProc(place.paths.initRecord)?.trim().split(' ') ?? [];
  const [pid, starttime, boot, monitorPid, monitorStarttime] = words;
  if (monitorStarttime === undefined || boot !== bootId()) return undefined;
  return {
    initPid: Number(pid),
    initStarttime: BigInt(starttime as string),
    monitorPid: Number(monitorPid),
    monitorStarttime: BigInt(monitorStarttime),
  };
}
