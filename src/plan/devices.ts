// /dev: a fresh tmpfs, six devices, links to the process's own descriptors, a boot id.

import { type HostTree, openHostTree, takeTree } from './host-trees.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const NODES: Readonly<Record<string, readonly [major: number, minor: number]>> = {
  full: [1, 7],
  null: [1, 3],
  random: [1, 8],
  tty: [5, 0],
  urandom: [1, 9],
  zero: [1, 5],
};
const LINKS: Readonly<Record<string, string>> = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
};
const EVERYONE = rule('every container has these devices');

/** In a user namespace no node can be made: the host's are bound. */
export function openDeviceNodes(start: Start): readonly HostTree[] {
  if (!start.idmaps || !start.config.autodev.value) return [];
  return Object.keys(NODES)
    .filter(name => start.host.deviceNodes.includes(name))
    .map(name => openHostTree(start, { path: `/dev/${name}`, origin: EVERYONE, propagation: 'private' }));
}

/** Before any node: what the tree has there is covered. */
export function mountDev(start: Start, root: Slot): void {
  const { autodev, autodevTmpfsSizeBytes } = start.config;
  if (!autodev.value) return;
  start.add('child', autodev.origin, 'fs_mount', {
    root,
    attributes: [],
    make: 'directory',
    optional: false,
    type: 'tmpfs',
    options: ['source=none', 'mode=0755', `size=${autodevTmpfsSizeBytes.value}`],
    path: 'dev',
  });
}

/** Nodes and links, when mounts and hooks are through. */
export function fillDev(start: Start, root: Slot, nodes: readonly HostTree[]): void {
  if (start.config.autodev.value) {
    for (const node of nodes) {
      const tree = takeTree(start, node, nodes);
      start.add('child', node.origin, 'tree_attach', {
        tree,
        root,
        make: 'file',
        optional: false,
        path: node.path.slice(1),
      });
    }
    if (!start.idmaps) makeNodes(start, root);
  }
  // A /dev that is the tree's own may be read-only; LXC lets it be, too.
  if (
    !start.config.autodev.value &&
    start.config.rootfs.options.some(({ value }) => /(^|,)ro(,|$)/.test(value))
  )
    return;
  for (const [name, target] of Object.entries(LINKS)) {
    start.add('child', EVERYONE, 'make_symlink', { root, path: `dev/${name}`, target });
  }
}

/** Another boot id than the host's: systemd and journald tell boots apart by it. */
export function giveBootId(start: Start, root: Slot): void {
  const { proc } = start.config.mount.auto;
  if (!start.config.autodev.value || !proc) return;
  const tree = start.plan.newSlot();
  const path = 'dev/.lxc-boot-id';
  start.add('child', proc.origin, 'make_uuid', { root, path, mode: 0o444 });
  start.add('child', proc.origin, 'tree_open', { root, path, recursive: false, optional: false, tree });
  start.add('child', proc.origin, 'tree_attributes', {
    tree,
    recursive: false,
    set: ['ro', 'nosuid', 'nodev', 'noexec'],
    clear: [],
    propagation: [],
  });
  start.add('child', proc.origin, 'tree_attach', {
    tree,
    root,
    make: 'no',
    optional: true,
    path: 'proc/sys/kernel/random/boot_id',
  });
}

function makeNodes(start: Start, root: Slot): void {
  for (const [name, [major, minor]] of Object.entries(NODES)) {
    start.add('child', EVERYONE, 'make_node', { root, path: `dev/${name}`, mode: 0o666, major, minor });
  }
}
