// lxc.mount.auto: fresh proc and sysfs, with the parts that must not be written made read-only.

import type { Origin } from '../base/errors.ts';
import { keptCapabilities } from './credentials.ts';
import type { HostTree } from './host-trees.ts';
import { takeTree } from './host-trees.ts';
import { notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const SAFE = ['nosuid', 'nodev', 'noexec'] as const;
const CAP_NET_ADMIN = 12;
const MASKED = rule('a privileged container does not see the host in these');
/** Of no use to an init, and about the host alone. */
const MASKS = ['kcore', 'keys', 'latency_stats', 'sched_debug', 'timer_list'];

/** Mounts /proc and /sys as the config asks. `sysfs` is the host's, for a container that cannot mount its own. */
export function mountAuto(
  start: Start,
  root: Slot,
  sysfs: HostTree | undefined,
  trees: readonly HostTree[],
): void {
  const { proc, sys, shmounts } = start.config.mount.auto;
  if (shmounts) throw notCarriedOut('lxc.mount.auto = shmounts', shmounts.origin);
  if (proc) {
    mountFresh(start, root, 'proc', proc.origin);
    if (proc.value === 'mixed') guardProc(start, root, proc.origin);
    if (!start.idmaps && proc.value === 'mixed') mask(start, root);
  }
  if (!sys) return;
  if (sysfs) bindSysfs(start, root, sysfs, trees);
  else {
    mountFresh(start, root, 'sysfs', sys.origin, 'sys');
    if (sys.value !== 'rw') guardSys(start, root, sys.value, sys.origin);
  }
}

/** Whether sysfs must be the host's: its view is that of the network namespace's owner. */
export function needsHostSysfs(start: Start): boolean {
  return (
    start.config.mount.auto.sys !== undefined &&
    start.idmaps !== undefined &&
    !start.namespaces.fresh.has('net')
  );
}

function mountFresh(start: Start, root: Slot, type: string, origin: Origin, path: string = type): void {
  start.add('child', origin, 'fs_mount', {
    root,
    attributes: SAFE,
    make: 'directory',
    optional: false,
    type,
    options: [`source=${type}`],
    path,
  });
}

/** proc:mixed: /proc/sys and sysrq-trigger read-only, /proc/sys/net writable for who may configure the network. */
function guardProc(start: Start, root: Slot, origin: Origin): void {
  const mayConfigure = (keptCapabilities(start.config, start.host) & (1n << BigInt(CAP_NET_ADMIN))) !== 0n;
  const has = (file: string) => start.host.procFiles.includes(file);
  const net = mayConfigure && has('sys/net') ? openPart(start, root, 'proc/sys/net', origin) : undefined;
  attachReadOnly(start, root, 'proc/sys', origin);
  if (net) attachPart(start, root, net, 'proc/sys/net', origin);
  if (has('sysrq-trigger')) attachReadOnly(start, root, 'proc/sysrq-trigger', origin);
}

/** sys:mixed leaves the virtual interfaces writable, sys:ro nothing. */
function guardSys(start: Start, root: Slot, mode: 'mixed' | 'ro', origin: Origin): void {
  const path = 'sys/devices/virtual/net';
  const net = mode === 'mixed' ? openPart(start, root, path, origin) : undefined;
  start.add('child', origin, 'remount', {
    root,
    path: 'sys',
    set: ['ro'],
    clear: [],
    optional: false,
    recursive: false,
  });
  if (net) attachPart(start, root, net, path, origin);
}

function openPart(start: Start, root: Slot, path: string, origin: Origin): Slot {
  const tree = start.plan.newSlot();
  start.add('child', origin, 'tree_open', { root, path, recursive: false, optional: false, tree });
  return tree;
}

function attachReadOnly(start: Start, root: Slot, path: string, origin: Origin): void {
  const tree = openPart(start, root, path, origin);
  start.add('child', origin, 'tree_attributes', {
    tree,
    recursive: false,
    set: ['ro'],
    clear: [],
    propagation: [],
  });
  attachPart(start, root, tree, path, origin);
}

function attachPart(start: Start, root: Slot, tree: Slot, path: string, origin: Origin): void {
  start.add('child', origin, 'tree_attach', { tree, root, make: 'no', optional: false, path });
}

function bindSysfs(start: Start, root: Slot, sysfs: HostTree, trees: readonly HostTree[]): void {
  const tree = takeTree(start, sysfs, trees);
  start.add('child', sysfs.origin, 'tree_attach', {
    tree,
    root,
    make: 'directory',
    optional: false,
    path: 'sys',
  });
}

/** By the host's null device: the guest's own might be anything. */
function mask(start: Start, root: Slot): void {
  for (const path of MASKS.filter(file => start.host.procFiles.includes(file))) {
    const tree = start.plan.newSlot();
    start.add('child', MASKED, 'tree_open', {
      path: '/dev/null',
      recursive: false,
      optional: false,
      tree,
    });
    start.add('child', MASKED, 'tree_attach', {
      tree,
      root,
      make: 'no',
      optional: false,
      path: `proc/${path}`,
    });
  }
}
