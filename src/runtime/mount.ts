// A stopped container's tree on the host, at P/N/rootfs: for those who work in it from there (`chroot …/rootfs passwd`). A
// directory is there already; an overlay is mounted, in the mount namespace of whoever asks. What is mounted is what the
// kernel's table says: nothing is recorded, and after a crash of the host nothing is left.

import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import { type MountRecord, mountPrivately, mountTable, unmount } from '../host/mounts.ts';
import { usersOf } from '../host/users-of.ts';
import { type OverlayLayers, overlayLayers, overlayOptions } from '../plan/rootfs.ts';
import { readStored } from '../storage/marker.ts';
import { mountsBeneath } from '../storage/mounts-beneath.ts';
import { cleanUpLocked } from './cleanup.ts';
import { loadPlaceConfig } from './config.ts';
import { heldByLxc } from './lifecycle.ts';
import { takeEditLock, takeRunLock } from './locks.ts';
import type { Place } from './place.ts';
import { observe } from './state.ts';

export interface ShownTree {
  /** Where it is seen. */
  readonly path: string;
  /** `directory`: it is there without a mount. */
  readonly how: 'directory' | 'mounted' | 'mounted before';
  /** The id that is the container's root in it: not 0 where ids on disk are shifted. */
  readonly rootUid: number;
}

/** Shows the tree. Throws RUNNING, NOT_DEFINED, NOT_CARRIED_OUT, NEEDS_ROOT, MOUNT_FAILED. */
export async function mountTree(place: Place): Promise<ShownTree> {
  const config = await loadPlaceConfig(place);
  const rootUid = rootUidOf(place, config);
  const tree = treeOf(place, config);
  if (tree.directory !== undefined) return { path: tree.directory, how: 'directory', rootUid };
  if (process.geteuid?.() !== 0) {
    throw new TslxcError('NEEDS_ROOT', 'only root can mount an overlay', { hint: 'run it with sudo' });
  }
  return await whileStopped(place, async () => {
    const path = mountPoint(place);
    if (findMount(path, tree.layers) !== undefined) return { path, how: 'mounted before', rootUid };
    refuseForeign(path);
    await mountOverlay(path, tree.layers, config.idmap.length > 0);
    return { path, how: 'mounted', rootUid };
  });
}

/** Ends it; false when nothing was mounted. Throws TREE_IN_USE with who uses it, NEEDS_ROOT, BUSY. */
export async function unmountTree(place: Place): Promise<boolean> {
  const tree = treeOf(place, await loadPlaceConfig(place));
  if (tree.directory !== undefined) return false;
  const edit = await takeEditLock(place);
  try {
    const path = mountPoint(place);
    if (findMount(path, tree.layers) === undefined) return false;
    const failure = await unmount(path);
    if (failure === undefined) return true;
    if (/busy/.test(failure)) throw inUse(path);
    throw new TslxcError('UNMOUNT_FAILED', `${path} can't be unmounted: ${failure}`, {
      ...(process.geteuid?.() === 0 ? {} : { hint: 'run it with sudo' }),
    });
  } finally {
    edit.release();
  }
}

/** For a start, which has the run lock: two overlays with one upper layer would ruin it. Throws MOUNTED. */
export function refuseMounted(place: Place, config: ContainerConfig): void {
  const rootfs = config.rootfs.path?.value;
  if (rootfs?.type !== 'overlay') return;
  const path = `${place.paths.directory}/rootfs`;
  const device = (of: string) => statSync(of, { throwIfNoEntry: false })?.dev;
  // Two looks at inodes: the table of mounts may be long.
  const there = device(path);
  if (there === undefined || there === device(place.paths.directory)) return;
  if (findMount(realpathSync(path), overlayLayers(rootfs.spec)) === undefined) return;
  throw new TslxcError('MOUNTED', `its tree is mounted on the host, at ${path}`, {
    hint: `unmount it first: ${umountCommand(place)}`,
  });
}

/** For a destroy, before its hooks: a tree is not removed under a mount. Throws MOUNTED_BENEATH. */
export function refuseMountedBeneath(place: Place): void {
  const { directory } = place.paths;
  const point = mountsBeneath(directory).at(-1);
  if (point === undefined) return;
  const isTree = point === `${realpathSync(directory)}/rootfs`;
  throw new TslxcError('MOUNTED_BENEATH', `${point} is a mount point`, {
    hint: `unmount it first: ${isTree ? umountCommand(place) : `umount ${point}`}`,
  });
}

/** The command that undoes a mount of this container. */
function umountCommand({ name, lxcpath, settings }: Place): string {
  const at = lxcpath === settings.lxcpath && settings.flavour === 'tslxc' ? '' : `-P ${lxcpath} `;
  return `tslxc-umount ${at}-n ${name}`;
}

type Tree = { readonly directory: string } | { readonly directory?: never; readonly layers: OverlayLayers };

function treeOf({ name }: Place, config: ContainerConfig): Tree {
  const setting = config.rootfs.path;
  if (setting === undefined)
    throw new TslxcError('NO_ROOTFS', `${name} has no lxc.rootfs.path, so there is no tree to show`);
  const { type = 'dir', spec } = setting.value;
  if (type === 'dir') return { directory: spec };
  if (type !== 'overlay') {
    const text = `lxc.rootfs.path of type ${type} is not carried out`;
    throw new TslxcError('NOT_CARRIED_OUT', text, { origin: setting.origin });
  }
  const layers = overlayLayers(spec);
  for (const path of [...layers.lowers, layers.upper]) {
    // mount(8) takes options as one text, in which these have a meaning.
    if (/[,:"\\\n]/.test(path)) {
      const text = `${path} can't be named in mount options: it has a comma, a quote or a backslash`;
      throw new TslxcError('NOT_CARRIED_OUT', text, { origin: setting.origin });
    }
  }
  if (layers.lowers.length > 0) return { layers };
  throw new TslxcError('CONFIG_INVALID', `overlay:${spec} has no lower layer`, {
    origin: setting.origin,
    hint: 'write overlay:LOWER:UPPER',
  });
}

/** Where ids on disk are shifted, the container's root has the id that the map gives it. */
function rootUidOf(place: Place, { idmap }: ContainerConfig): number {
  const shifted = readStored(place.paths.directory) === 'shifted';
  const map = idmap.find(({ value }) => value.kind === 'u' && value.nsId === 0);
  return shifted && map !== undefined ? map.value.hostId : 0;
}

/** P/N/rootfs without links in it; a link in its place, which the container may have made, is refused. */
function mountPoint({ paths }: Place): string {
  const path = `${paths.directory}/rootfs`;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) mkdirSync(path, { mode: 0o755 });
  else if (!stat.isDirectory()) throw new TslxcError('MOUNT_FAILED', `${path} is not a directory`);
  return `${realpathSync(paths.directory)}/rootfs`;
}

/** The mount of these layers at `path`, however the upper one was named. */
function findMount(path: string, { upper }: OverlayLayers): MountRecord | undefined {
  const wanted = `upperdir=${upper}`;
  return mountTable().find(
    ({ point, type, options }) => point === path && type === 'overlay' && options.includes(wanted),
  );
}

function refuseForeign(path: string): void {
  const foreign = mountTable().find(({ point }) => point === path);
  if (foreign === undefined) return;
  throw new TslxcError('MOUNT_FAILED', `${path} is a mount point of something else (${foreign.type})`, {
    hint: `unmount it first: umount ${path}`,
  });
}

async function mountOverlay(point: string, layers: OverlayLayers, hasIdMap: boolean): Promise<void> {
  mkdirSync(layers.work, { recursive: true, mode: 0o711 });
  // What the container's root made must be nothing to the host: no device, no setuid program.
  const options = ['nodev', 'nosuid', ...overlayOptions(layers, hasIdMap)];
  const failure = await mountPrivately({ type: 'overlay', options, point });
  if (failure !== undefined) {
    throw new TslxcError('MOUNT_FAILED', `${point}: the layers can't be mounted: ${failure}`, {
      hint: 'the kernel says more: dmesg | tail',
    });
  }
  if (!findMount(point, layers)?.options.includes('ro')) return;
  await unmount(point);
  throw new TslxcError('MOUNT_FAILED', `${layers.upper} can't be written: the kernel mounts it read-only`, {
    hint: 'the kernel says more: dmesg | tail',
  });
}

/** A monitor that has told its container's end may still hold the lock for a moment. */
const RUN_LOCK_MS = 1000;

/** Does the work while nobody may start, change or remove the container. */
async function whileStopped<T>(place: Place, work: () => Promise<T>): Promise<T> {
  refuseRunning(place);
  const edit = await takeEditLock(place);
  try {
    const run = await takeRunLock(place, RUN_LOCK_MS);
    if (run === undefined) throw running(place);
    try {
      await cleanUpLocked(place, run);
      // An init that outlived its monitor is still there after cleaning up.
      refuseRunning(place);
      return await work();
    } finally {
      run.release();
    }
  } finally {
    edit.release();
  }
}

function refuseRunning(place: Place): void {
  const { state, heldByLxc: isLxcs, initPid } = observe(place);
  if (isLxcs) throw heldByLxc(place);
  if (state !== 'STOPPED' || initPid !== undefined) throw running(place);
}

function running({ name, settings, lxcpath }: Place): TslxcError {
  const at = lxcpath === settings.lxcpath ? '' : `-P ${lxcpath} `;
  return new TslxcError('RUNNING', `${name} is running`, {
    hint: `work in it with tslxc-attach ${at}-n ${name}, or stop it first`,
  });
}

/** Who keeps it from being unmounted: a mount in it, or processes. */
function inUse(path: string): TslxcError {
  const beneath = mountTable()
    .map(({ point }) => point)
    .findLast(point => point.startsWith(`${path}/`));
  if (beneath !== undefined) {
    return new TslxcError('TREE_IN_USE', `${beneath} is a mount point in it`, {
      hint: `unmount it first: umount ${beneath}`,
    });
  }
  const users = usersOf(path).map(({ pid, name }) => `${name} (pid ${pid})`);
  const who = users.length === 0 ? 'a process that could not be found' : users.join(', ');
  return new TslxcError('TREE_IN_USE', `${path} is in use by ${who}`, {
    hint: 'let it end, or leave the directory, and try again',
  });
}
