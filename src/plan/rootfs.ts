// The root of the container: a directory or an overlay, with the container's own ids and without device nodes.

import { basename, dirname } from 'node:path';
import type { Origin } from '../base/errors.ts';
import { type HostTree, idmapTree, openHostTree } from './host-trees.ts';
import { type MountOptions, mountOptions } from './mount-options.ts';
import type { SetWord } from './opcodes.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

export type Rootfs =
  | { readonly kind: 'dir'; readonly tree: HostTree }
  | {
      readonly kind: 'overlay';
      readonly lowers: readonly HostTree[];
      readonly upperParent: HostTree;
      readonly upper: string;
      /** Of the overlay itself. */
      readonly attributes: readonly SetWord<'mount_attr'>[];
    };

/** Opens the layers on the host. Throws CANNOT_START where the ids on disk cannot become the container's. */
export function openRootfs(start: Start): Rootfs {
  const setting = start.config.rootfs.path;
  if (!setting) {
    throw notCarriedOut(
      "a container on the host's own root (no lxc.rootfs.path)",
      rule('no lxc.rootfs.path'),
      'set lxc.rootfs.path',
    );
  }
  const { type = 'dir', spec } = setting.value;
  const { origin } = setting;
  if (type !== 'dir' && type !== 'overlay') throw notCarriedOut(`lxc.rootfs.path of type ${type}`, origin);
  const options = rootfsOptions(start);
  const idmapped = wantsIdmap(start, origin);
  const attributes: SetWord<'mount_attr'>[] = [
    ...options.set.filter(word => word !== 'nodev'),
    ...(start.idmaps || options.set.includes('nodev') ? (['nodev'] as const) : []),
  ];
  if (type === 'overlay') return openOverlay(start, spec, origin, { idmapped, attributes });
  const request = {
    path: spec,
    origin,
    recursive: true,
    attributes,
    idmapped,
    propagation: 'private',
  } as const;
  return { kind: 'dir', tree: openHostTree(start, request) };
}

/** Gives the layers the container's ids; where the tree is a directory, it is what must be staged. */
export function idmapRootfs(start: Start, rootfs: Rootfs, userns: Slot): void {
  for (const tree of treesOf(rootfs)) idmapTree(start, tree, userns);
}

/** Mounts the root at start.mount in the child's mount namespace and opens it. */
export function attachRootfs(start: Start, rootfs: Rootfs): Slot {
  if (rootfs.kind === 'dir') attachDirectory(start, rootfs.tree);
  else attachOverlay(start, rootfs);
  const origin = start.config.rootfs.path?.origin ?? rule('the root');
  const root = start.plan.newSlot();
  start.add('child', origin, 'directory_open', { path: start.mount, directory: root });
  if (rootfs.kind === 'overlay' && !rootfs.attributes.includes('ro')) {
    start.add('child', origin, 'expect_writable', { root });
  }
  return root;
}

export interface OverlayLayers {
  /** The uppermost first. */
  readonly lowers: readonly string[];
  /** Takes what is changed. */
  readonly upper: string;
  readonly work: string;
}

/** What `overlay:LOWER[:LOWER…]:UPPER` names. */
export function overlayLayers(spec: string): OverlayLayers {
  const layers = spec.split(':');
  const upper = layers.at(-1) ?? '';
  return { lowers: layers.slice(0, -1), upper, work: `${dirname(upper)}/work` };
}

/**
 * The mount options of an overlay. Whoever mounts the layers of one container must use the same: where whiteouts and opaque
 * directories are noted (user.overlay.* or trusted.overlay.*) depends on them.
 */
export function overlayOptions({ lowers, upper, work }: OverlayLayers, hasIdMap: boolean): string[] {
  return [
    `lowerdir=${lowers.join(':')}`,
    `upperdir=${upper}`,
    `workdir=${work}`,
    ...(hasIdMap ? ['userxattr'] : []),
  ];
}

/** The layers of an overlay that cover this one: a file that appears there takes the place of its own. */
export function layersAbove({ config }: Start, layer: string): readonly string[] {
  const rootfs = config.rootfs.path?.value;
  if (rootfs?.type !== 'overlay') return [];
  const layers = rootfs.spec.split(':');
  const fromTop = [...layers.slice(-1), ...layers.slice(0, -1)];
  return fromTop.slice(0, Math.max(fromTop.indexOf(layer), 0));
}

function rootfsOptions(start: Start): MountOptions {
  const settings = start.config.rootfs.options;
  const origin = settings.at(-1)?.origin ?? rule('no lxc.rootfs.options');
  const options = mountOptions(
    settings.flatMap(({ value }) => value.split(',')).map(word => word.trim()),
    origin,
  );
  if (options.idmap !== undefined && options.idmap !== 'container') {
    throw notCarriedOut(`lxc.rootfs.options = idmap=${options.idmap}`, origin, 'use idmap=container');
  }
  if (options.data.length > 0) throw notCarriedOut(`lxc.rootfs.options = ${options.data.join(',')}`, origin);
  return options;
}

/** A tree is stored with the container's ids as they are (mapped at mount), or shifted into its range. */
function wantsIdmap({ idmaps, guest, rootless }: Start, origin: Origin): boolean {
  if (!idmaps || guest.stored === 'shifted') return false;
  if (rootless) {
    throw cannotStart(
      'a plain user cannot map the ids of a tree that is stored unshifted',
      origin,
      'create the container anew as this user',
    );
  }
  if (!guest.idmappable) {
    throw cannotStart(
      'the filesystem of the rootfs cannot be idmapped and the tree is not shifted',
      origin,
      'create the container anew: its tree is then shifted on disk',
    );
  }
  return true;
}

function openOverlay(
  start: Start,
  spec: string,
  origin: Origin,
  request: { readonly idmapped: boolean; readonly attributes: readonly SetWord<'mount_attr'>[] },
): Rootfs {
  const { lowers, upper } = overlayLayers(spec);
  if (lowers.length === 0)
    throw cannotStart(`overlay:${spec} has no lower layer`, origin, 'write overlay:LOWER:UPPER');
  const attributes = request.attributes.filter(word => word === 'nodev');
  const { idmapped } = request;
  const open = (path: string) =>
    openHostTree(start, { path, origin, propagation: 'private', idmapped, attributes });
  return {
    kind: 'overlay',
    lowers: lowers.map(open),
    upperParent: open(dirname(upper)),
    upper,
    attributes: request.attributes,
  };
}

function attachDirectory(start: Start, tree: HostTree): void {
  const { origin } = tree;
  const { mount: path } = start;
  let held = tree.held;
  if (start.staged || !held) {
    // A locked mount cannot become the root: its clone can, and keeps the locked flags.
    held = start.plan.newSlot();
    const source = start.staged ? path : tree.path;
    start.add('child', origin, 'tree_open', { path: source, recursive: true, optional: false, tree: held });
    if (!start.staged) {
      const set = tree.attributes;
      start.add('child', origin, 'tree_attributes', {
        tree: held,
        recursive: true,
        set,
        clear: [],
        propagation: ['private'],
      });
    }
  }
  start.add('child', origin, 'tree_attach', { tree: held, make: 'no', optional: false, path });
}

/** Layers are attached to a staging tmpfs for the moment of the overlay's making; nothing can reach them after it. */
function attachOverlay(start: Start, rootfs: Extract<Rootfs, { kind: 'overlay' }>): void {
  const { lowers, upperParent, upper } = rootfs;
  const { origin } = upperParent;
  const staging = start.mount;
  const overlay = start.plan.newSlot();
  const staged = lowers.every(({ held }) => held);
  if (staged) {
    start.add('child', origin, 'fs_mount', {
      attributes: ['nosuid', 'nodev', 'noexec'],
      make: 'no',
      optional: false,
      type: 'tmpfs',
      options: ['mode=0755', 'size=64k'],
      path: staging,
    });
    for (const [index, lower] of lowers.entries()) attachLayer(start, lower, `${staging}/l${index}`);
    attachLayer(start, upperParent, `${staging}/u`);
  }
  const writable = staged ? `${staging}/u` : dirname(upper);
  start.add('child', origin, 'make_directory', { path: `${writable}/work`, mode: 0o711, uid: 0, gid: 0 });
  const lowerPaths = lowers.map(({ path }, index) => (staged ? `${staging}/l${index}` : path));
  start.add('child', origin, 'fs_create', {
    attributes: rootfs.attributes,
    type: 'overlay',
    options: [
      'source=overlay',
      ...overlayOptions(
        { lowers: lowerPaths, upper: `${writable}/${basename(upper)}`, work: `${writable}/work` },
        start.idmaps !== undefined,
      ),
    ],
    tree: overlay,
  });
  if (staged) start.add('child', origin, 'unmount', { path: staging });
  start.add('child', origin, 'tree_attach', { tree: overlay, make: 'no', optional: false, path: staging });
}

function attachLayer(start: Start, { held, origin }: HostTree, path: string): void {
  if (held)
    start.add('child', origin, 'tree_attach', { tree: held, make: 'directory', optional: false, path });
}

function treesOf(rootfs: Rootfs): readonly HostTree[] {
  return rootfs.kind === 'dir' ? [rootfs.tree] : [...rootfs.lowers, rootfs.upperParent];
}
