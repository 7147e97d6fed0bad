// lxc.mount.fstab and lxc.mount.entry: what the config mounts, in order.

import type { MountEntry, Setting } from '../config/model.ts';
import { type HostTree, openHostTree, takeTree } from './host-trees.ts';
import { type MountOptions, mountOptions } from './mount-options.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import type { Start } from './start.ts';

/** One mount, with the host's tree where its source is one. */
export interface PlannedMount {
  readonly entry: MountEntry;
  readonly options: MountOptions;
  readonly origin: Setting<MountEntry>['origin'];
  /** Below the rootfs. */
  readonly target: string;
  readonly tree?: HostTree;
}

/** Reads all lines and opens the sources of bind mounts on the host. */
export function openMounts(start: Start): readonly PlannedMount[] {
  const { fstab } = start.config.mount;
  if (fstab && !start.input.fstab)
    throw cannotStart(`lxc.mount.fstab: ${fstab.value} was not read`, fstab.origin);
  return [...(start.input.fstab ?? []), ...start.config.mount.entries, ...forNesting(start)].flatMap(
    setting => planMount(start, setting),
  );
}

/** Mounts one after the other below the new root. */
export function applyMounts(
  start: Start,
  mounts: readonly PlannedMount[],
  trees: readonly HostTree[],
  root: Slot,
): void {
  for (const mount of mounts) {
    if (mount.options.kind === 'fs') mountFilesystem(start, mount, root);
    else if (mount.options.kind === 'remount') remount(start, mount, root);
    else bind(start, mount, trees, root);
    propagate(start, mount, root);
  }
}

/** The trees of the host among them. */
export function treesOf(mounts: readonly PlannedMount[]): readonly HostTree[] {
  return mounts.map(({ tree }) => tree).filter(tree => tree !== undefined);
}

/** Containers within find a proc and a sysfs that nothing masks: the kernel lets them mount their own only then. */
function forNesting({ config }: Start): Setting<MountEntry>[] {
  const { allowNesting } = config.apparmor;
  if (!allowNesting.value) return [];
  const options = ['create=dir', 'optional'];
  return [
    {
      value: { source: 'proc', target: 'dev/.lxc/proc', type: 'proc', options },
      origin: allowNesting.origin,
    },
    { value: { source: 'sys', target: 'dev/.lxc/sys', type: 'sysfs', options }, origin: allowNesting.origin },
  ];
}

function planMount(start: Start, { value: entry, origin }: Setting<MountEntry>): PlannedMount[] {
  const options = mountOptions(entry.options, origin);
  if (options.kind === 'move') throw notCarriedOut('mount option move', origin, 'use bind');
  if (options.idmap !== undefined && options.idmap !== 'container') {
    throw notCarriedOut(`mount option idmap=${options.idmap}`, origin, 'use idmap=container');
  }
  const target = targetBelowRoot(start, entry.target);
  if (target === undefined) {
    start.plan.notice(
      `the mount on ${entry.target} is ignored, as LXC does: the target is not below the rootfs`,
    );
    return [];
  }
  const planned = { entry, options, origin, target };
  if ((options.kind !== 'bind' && options.kind !== 'rbind') || options.relative) return [planned];
  const tree = openHostTree(start, {
    path: entry.source,
    origin,
    recursive: options.kind === 'rbind',
    optional: options.optional,
    attributes: options.set,
    idmapped: options.idmap === 'container' && start.idmaps !== undefined,
    locked: start.staged,
  });
  return [{ ...planned, tree }];
}

/** Absolute targets must be said with the rootfs in front: that part is taken off. */
function targetBelowRoot({ config, input, mount }: Start, target: string): string | undefined {
  if (!target.startsWith('/')) return target;
  const roots = [config.rootfs.path?.value.spec, mount, `${input.lxcpath}/${input.name}/rootfs`];
  const root = roots.find(candidate => candidate !== undefined && target.startsWith(`${candidate}/`));
  return root && target.slice(root.length + 1);
}

function mountFilesystem(start: Start, { entry, options, origin, target }: PlannedMount, root: Slot): void {
  start.add('child', origin, 'fs_mount', {
    root,
    attributes: options.set,
    make: options.create ?? 'no',
    optional: options.optional,
    type: entry.type,
    options: [`source=${entry.source}`, ...options.data],
    path: target,
  });
}

function bind(start: Start, mount: PlannedMount, trees: readonly HostTree[], root: Slot): void {
  const { options, origin, target: path } = mount;
  const tree = mount.tree ? takeTree(start, mount.tree, trees) : openRelative(start, mount, root);
  start.add('child', origin, 'tree_attach', {
    tree,
    root,
    make: options.create ?? 'no',
    optional: options.optional,
    path,
  });
}

/** A source below the rootfs: the guest's own, resolved in its root. */
function openRelative(start: Start, { entry, options, origin }: PlannedMount, root: Slot): Slot {
  const tree = start.plan.newSlot();
  const recursive = options.kind === 'rbind';
  start.add('child', origin, 'tree_open', {
    root,
    path: entry.source,
    recursive,
    optional: options.optional,
    tree,
  });
  if (options.set.length > 0) {
    start.add('child', origin, 'tree_attributes', {
      tree,
      recursive,
      set: options.set,
      clear: [],
      propagation: [],
    });
  }
  return tree;
}

function remount(start: Start, { options, origin, target: path }: PlannedMount, root: Slot): void {
  const { set, optional } = options;
  start.add('child', origin, 'remount', { root, path, set, clear: [], optional, recursive: false });
}

function propagate(start: Start, { options, origin, target: path }: PlannedMount, root: Slot): void {
  const { propagation } = options;
  if (!propagation) return;
  const words = propagation.recursive ? (['rec', propagation.word] as const) : ([propagation.word] as const);
  start.add('child', origin, 'propagation', { root, path, propagation: words });
}
