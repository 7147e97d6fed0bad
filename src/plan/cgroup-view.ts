// What the guest finds at /sys/fs/cgroup. Its init decides: systemd 256 and later boot on cgroup2 alone, systemd before 232
// on v1's name=systemd alone, what lies between takes whatever is mounted when it looks.

import type { Origin } from '../base/errors.ts';
import type { CgroupHierarchy } from '../facts/model.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const FIRST_WITH_CGROUP2 = 232;
const FIRST_WITHOUT_V1 = 256;
const VIEW = 'sys/fs/cgroup';
const SAFE = ['nosuid', 'nodev', 'noexec'] as const;

type View = 'cgroup2' | 'v1' | 'none';

/** Throws CANNOT_START where no view of this host's control groups boots this guest. */
export function mountCgroups(start: Start, root: Slot): void {
  const asked = start.config.mount.auto.cgroup;
  if (!asked) return;
  const { origin } = asked;
  if (asked.value.family === 'cgroup-full')
    throw notCarriedOut('lxc.mount.auto = cgroup-full', origin, 'use cgroup');
  const view = chooseView(start, origin);
  if (view === 'none') return;
  if (!start.namespaces.fresh.has('cgroup')) {
    throw cannotStart('control groups cannot be shown to a container without a cgroup namespace', origin);
  }
  const readOnly = asked.value.mode === 'ro' ? (['ro'] as const) : [];
  if (view === 'cgroup2') {
    start.add('child', viewOrigin(start, origin), 'fs_mount', {
      root,
      attributes: [...readOnly, ...SAFE],
      make: 'no',
      optional: false,
      type: 'cgroup2',
      options: ['source=cgroup2'],
      path: VIEW,
    });
  } else mountV1(start, root, viewOrigin(start, origin), readOnly);
}

function chooseView(start: Start, origin: Origin): View {
  const { v1, v2 } = start.host.cgroup;
  const { kind, version = FIRST_WITHOUT_V1 } = start.guest.init;
  const { family, force } = start.config.mount.auto.cgroup?.value ?? { family: 'cgroup', force: false };
  const named = v1.some(({ controllers }) => controllers.includes('name=systemd'));
  if (family === 'cgroup2' && !v2) throw cannotStart('cgroup2 is not mounted on this host', origin);
  if (kind !== 'systemd')
    return family === 'cgroup2' || (v1.length === 0 && v2)
      ? 'cgroup2'
      : force && v1.length > 0
        ? 'v1'
        : 'none';
  if (version < FIRST_WITH_CGROUP2) {
    if (named) return 'v1';
    throw cannotStart(
      `the guest's systemd ${version} boots on cgroup v1 only, and this host has no name=systemd hierarchy`,
      origin,
      'mount one on the host: mount -t cgroup -o none,name=systemd systemd DIRECTORY',
    );
  }
  if (v2) return 'cgroup2';
  if (version >= FIRST_WITHOUT_V1) {
    throw cannotStart(
      `the guest's systemd ${version} boots on cgroup2 only, and this host has none mounted`,
      origin,
      'mount it on the host: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified',
    );
  }
  return 'v1';
}

function viewOrigin({ guest }: Start, origin: Origin): Origin {
  if (guest.init.kind !== 'systemd') return origin;
  return rule(
    `the view of control groups that the guest's systemd ${guest.init.version ?? ''} boots with`.replace(
      '  ',
      ' ',
    ),
  );
}

/** A tmpfs with a directory for each hierarchy, and a link for each controller of one that holds several. */
function mountV1(start: Start, root: Slot, origin: Origin, readOnly: readonly 'ro'[]): void {
  start.add('child', origin, 'fs_mount', {
    root,
    attributes: SAFE,
    make: 'no',
    optional: false,
    type: 'tmpfs',
    options: ['source=none', 'mode=0755', 'size=10240k'],
    path: VIEW,
  });
  for (const hierarchy of start.host.cgroup.v1) {
    const name = hierarchyName(hierarchy);
    start.add('child', origin, 'fs_mount', {
      root,
      attributes: [...readOnly, ...SAFE],
      make: 'directory',
      optional: false,
      type: 'cgroup',
      options: ['source=cgroup', ...hierarchyOptions(hierarchy)],
      path: `${VIEW}/${name}`,
    });
    for (const controller of hierarchy.controllers.filter(
      word => word !== name && !word.startsWith('name='),
    )) {
      start.add('child', origin, 'make_symlink', { root, path: `${VIEW}/${controller}`, target: name });
    }
  }
}

function hierarchyName({ controllers }: CgroupHierarchy): string {
  return controllers.map(word => word.replace(/^name=/, '')).join(',');
}

/** Mounting a named hierarchy again takes its name alone; `none` says that no controller is meant. */
function hierarchyOptions({ controllers }: CgroupHierarchy): readonly string[] {
  const named = controllers.some(word => word.startsWith('name='));
  return named && controllers.length === 1 ? ['none', ...controllers] : controllers;
}
