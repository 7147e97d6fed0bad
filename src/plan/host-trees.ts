// Trees of the host that become mounts of the container: opened by the host before there is a child, mapped by the parent,
// attached by the child. Between them lies the staging: see Start.staged.

import type { Origin } from '../base/errors.ts';
import type { SetWord } from './opcodes.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

export interface HostTree {
  readonly path: string;
  readonly origin: Origin;
  readonly recursive: boolean;
  readonly optional: boolean;
  readonly attributes: readonly SetWord<'mount_attr'>[];
  /** Its ids are the container's own. */
  readonly idmapped: boolean;
  /** Its flags are locked before the container gets it. */
  readonly locked: boolean;
  /** Held by the host; absent when the child must open it itself. */
  readonly held?: Slot;
}

export interface TreeRequest {
  readonly path: string;
  readonly origin: Origin;
  readonly recursive?: boolean;
  readonly optional?: boolean;
  readonly attributes?: readonly SetWord<'mount_attr'>[];
  readonly idmapped?: boolean;
  readonly locked?: boolean;
  readonly propagation?: SetWord<'propagation'>;
}

const STAGING = rule('flags of host mounts are locked before the container sees them');

/** Opens a tree as a detached mount (a plain user's is opened by the child, in its own namespaces). */
export function openHostTree(start: Start, request: TreeRequest): HostTree {
  const {
    path,
    origin,
    recursive = false,
    optional = false,
    attributes = [],
    idmapped = false,
    locked = false,
  } = request;
  const tree: HostTree = { path, origin, recursive, optional, attributes, idmapped, locked };
  if (start.rootless) return tree;
  const held = start.plan.newSlot();
  start.add('host', origin, 'tree_open', { path, recursive, optional, tree: held });
  setAttributes(start, 'host', tree, held, request.propagation ?? 'slave');
  return { ...tree, held };
}

/** Gives the tree the container's ids. */
export function idmapTree(start: Start, tree: HostTree, userns: Slot): void {
  if (!tree.idmapped || !tree.held) return;
  start.add('parent', tree.origin, 'tree_idmap', { tree: tree.held, userns, recursive: tree.recursive });
}

/**
 * Attaches what must be locked in the mount namespace that init shares with its spawner until it copies it: bind sources on a
 * tmpfs that hides the run directory there, the root where it belongs.
 */
export function stageTrees(
  start: Start,
  trees: readonly HostTree[],
  rootfs: HostTree | undefined,
  init: Slot,
): void {
  if (!start.staged) return;
  const locked = trees.filter(tree => tree.locked);
  if (locked.length > 0) {
    const staging = start.plan.newSlot();
    start.add('parent', STAGING, 'fs_create', {
      attributes: ['nosuid', 'nodev', 'noexec'],
      type: 'tmpfs',
      options: ['mode=0755', 'size=1m'],
      tree: staging,
    });
    stage(
      start,
      { tree: staging, origin: STAGING, make: 'no', optional: false, path: start.input.runDir },
      init,
    );
  }
  for (const [index, { held: tree, origin, optional }] of locked.entries()) {
    if (tree) stage(start, { tree, origin, optional, make: 'fitting', path: stagedPath(start, index) }, init);
  }
  if (rootfs?.held) {
    stage(
      start,
      { tree: rootfs.held, origin: rootfs.origin, make: 'no', optional: false, path: start.mount },
      init,
    );
  }
}

function stage(
  start: Start,
  {
    origin,
    ...fields
  }: { tree: Slot; origin: Origin; make: 'no' | 'fitting'; optional: boolean; path: string },
  init: Slot,
): void {
  start.add('parent', origin, 'tree_stage', { process: init, ...fields });
}

/** The tree as the child holds it, ready to be attached. */
export function takeTree(start: Start, tree: HostTree, all: readonly HostTree[]): Slot {
  if (tree.held && !(start.staged && tree.locked)) return tree.held;
  const taken = start.plan.newSlot();
  const staged = start.staged && tree.locked;
  const path = staged ? stagedPath(start, all.filter(({ locked }) => locked).indexOf(tree)) : tree.path;
  const recursive = staged || tree.recursive;
  start.add('child', tree.origin, 'tree_open', { path, recursive, optional: tree.optional, tree: taken });
  if (!staged) setAttributes(start, 'child', tree, taken, 'slave');
  return taken;
}

function stagedPath(start: Start, index: number): string {
  return `${start.input.runDir}/${index}`;
}

function setAttributes(
  start: Start,
  actor: 'host' | 'child',
  tree: HostTree,
  slot: Slot,
  propagation: SetWord<'propagation'>,
): void {
  start.add(actor, tree.origin, 'tree_attributes', {
    tree: slot,
    recursive: tree.recursive,
    set: tree.attributes,
    clear: [],
    propagation: [propagation],
  });
}
