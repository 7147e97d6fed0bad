// Control groups (lxc-config-keys 4.7).

import type { Origin } from '../../base/errors.ts';
import type { ContainerConfig } from '../model.ts';
import { ValueError } from '../problem.ts';
import { defined, type Store } from '../store.ts';
import { bool, quoted, relativePath, type ValueType } from '../values.ts';
import { defaulted, type KeyEntry, scalar } from './entry.ts';
import { writeFamily } from './families.ts';

const oneName: ValueType<string> = {
  parse(value) {
    if (value.includes('/') || value === '..' || value === '.')
      throw new ValueError(`not a single name: ${quoted(value)}`);
    return value;
  },
  write: value => value,
};

function checkFile(name: string): void {
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name.startsWith('.'))
    throw new ValueError(`not the name of a control group file: ${quoted(name)}`);
}

const v1 = writeFamily('lxc.cgroup', checkFile, c => c.cgroup.v1);
const v2 = writeFamily('lxc.cgroup2', checkFile, c => c.cgroup.v2);
const dir = scalar('lxc.cgroup.dir', relativePath, c => c.cgroup.dir);
const container = scalar('lxc.cgroup.dir.container', relativePath, c => c.cgroup.dirContainer);
const monitor = scalar('lxc.cgroup.dir.monitor', relativePath, c => c.cgroup.dirMonitor);
const pivot = scalar('lxc.cgroup.dir.monitor.pivot', relativePath, c => c.cgroup.dirMonitorPivot);
const inner = scalar('lxc.cgroup.dir.container.inner', oneName, c => c.cgroup.dirContainerInner);
const relative = defaulted('lxc.cgroup.relative', bool, false, c => c.cgroup.relative);

export const cgroupKeys: readonly KeyEntry[] = [v1, v2, dir, container, monitor, pivot, inner, relative];

export function buildCgroups(store: Store): Pick<ContainerConfig, 'cgroup'> {
  return {
    cgroup: {
      v1: v1.in(store),
      v2: v2.in(store),
      ...defined({
        dir: dir.in(store),
        dirContainer: container.in(store),
        dirMonitor: monitor.in(store),
        dirMonitorPivot: pivot.in(store),
        dirContainerInner: inner.in(store),
      }),
      relative: relative.in(store),
    },
  };
}

/** What no single line can tell: the directories of container and monitor come together, and without lxc.cgroup.dir. */
export function checkCgroups({ cgroup }: ContainerConfig): { origin: Origin; message: string }[] {
  const own = cgroup.dirContainer ?? cgroup.dirMonitor;
  if (!own) return [];
  if (cgroup.dir)
    return [
      {
        origin: own.origin,
        message: 'lxc.cgroup.dir.container and .monitor cannot stand with lxc.cgroup.dir',
      },
    ];
  if (!cgroup.dirMonitor)
    return [{ origin: own.origin, message: 'lxc.cgroup.dir.container needs lxc.cgroup.dir.monitor' }];
  if (!cgroup.dirContainer)
    return [{ origin: own.origin, message: 'lxc.cgroup.dir.monitor needs lxc.cgroup.dir.container' }];
  return [];
}
