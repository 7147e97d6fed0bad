// Freezing and thawing a payload's control group.

import { ancestorNamed, cgroupMounts, cgroupOf, writeCgroupFile } from '../host/cgroups.ts';
import type { Place } from './place.ts';

/** Freezes or thaws every process of the container whose init is `initPid`. Throws Node's file errors. */
export function setFrozen(place: Place, initPid: number, frozen: boolean): void {
  const mounts = cgroupMounts();
  const payload = `lxc.payload.${place.name}${place.suffix}`;
  const unified = cgroupOf(initPid, 'v2', mounts);
  if (unified !== undefined)
    writeCgroupFile(ancestorNamed(unified, payload), 'cgroup.freeze', frozen ? '1' : '0');
  const freezer = unified === undefined || !frozen ? cgroupOf(initPid, 'freezer', mounts) : undefined;
  if (freezer !== undefined)
    writeCgroupFile(ancestorNamed(freezer, payload), 'freezer.state', frozen ? 'FROZEN' : 'THAWED');
}
