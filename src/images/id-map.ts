// Which ids a new container gets, and how they lie on its disk.

import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { type IdSpan, RANGE_IDS, rangeBases } from '../base/id-spans.ts';
import { loadConfig } from '../config/load.ts';
import type { ContainerConfig, IdMapping } from '../config/model.ts';
import { type Caller, plainCaller, subordinateIds } from '../host/caller.ts';
import type { Build } from '../storage/building.ts';
import { allocateRange } from '../storage/id-ranges.ts';
import { isIdmappable } from '../storage/idmappable.ts';
import { writeMarkerFile } from '../storage/marker.ts';
import { ensureRootSpan } from '../storage/root-span.ts';
import { giveToMapRoot, shiftTree } from '../storage/shift.ts';
import { inStep } from './events.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import type { Storage } from './storage-choice.ts';

/** A range of ids for root's containers, unless they are to be privileged, LXC's, or mapped by the config itself. */
export async function takeRange(
  settings: CreateSettings,
  request: CreateRequest,
  build: Build,
): Promise<IdSpan | undefined> {
  const caller = plainCaller();
  if (request.privileged) {
    if (caller !== undefined) {
      throw new TslxcError('NEEDS_ROOT', 'only root can create privileged containers', {
        hint: 'leave --privileged out, or run it with sudo',
      });
    }
    request.onEvent({
      kind: 'notice',
      text: `${request.name} is privileged: root in it is root of this host`,
    });
    return undefined;
  }
  const { file, text } = request.base;
  if (mapOf(loadConfig({ file, text }).config).length > 0) return undefined;
  if (caller !== undefined) return await rangeOfPlainUser(settings, request, { build, caller });
  if (request.flavour === 'lxc') return undefined;
  const span = await ensureRootSpan(settings);
  if (span.added.length > 0) {
    const line = `root:${span.first}:${span.count}`;
    request.onEvent({ kind: 'notice', text: `added ${line} to ${span.added.join(' and ')}` });
  }
  return await allocateRange(settings, { lxcpath: request.lxcpath, name: request.name, id: build.id });
}

/**
 * A plain user's containers have its own ids: each a range while there are enough, then all the first (as LXC's always do). LXC takes
 * them from the config alone.
 */
async function rangeOfPlainUser(
  settings: CreateSettings,
  { flavour, lxcpath, name, base, onEvent }: CreateRequest,
  { build, caller }: { readonly build: Build; readonly caller: Caller },
): Promise<IdSpan> {
  const { uids, gids } = subordinateIds(caller);
  const [first] = rangeBases(uids, gids, caller.names);
  if (flavour === 'lxc') {
    const lines = ['u', 'g'].map(kind => `lxc.idmap = ${kind} 0 ${first ?? 'FIRST'} ${RANGE_IDS}`);
    throw new TslxcError('CONFIG_INVALID', 'a container of a plain user needs lxc.idmap', {
      hint: `add to ${base.file}: ${lines.join(' and ')}`,
    });
  }
  try {
    return await allocateRange(settings, { lxcpath, name, id: build.id }, caller.names);
  } catch (error) {
    if (!(error instanceof TslxcError) || error.code !== 'NO_ID_RANGE' || first === undefined) throw error;
    onEvent({
      kind: 'notice',
      text: `no more ids in /etc/subuid: ${name} shares those of another container`,
    });
    return { first, count: RANGE_IDS };
  }
}

/** Whether the container will have an id map: one of its own range, or what its config begins with. */
export function willBeMapped({ privileged, flavour, base }: CreateRequest): boolean {
  return (flavour === 'tslxc' && !privileged) || mapOf(loadConfig(base).config).length > 0;
}

/** The id map of a config; empty: privileged. */
export function mapOf(config: ContainerConfig): IdMapping[] {
  return config.idmap.map(({ value }) => value);
}

export interface StoringIds {
  readonly storage: Storage;
  readonly maps: readonly IdMapping[];
  /** The template ran as the map's root. */
  readonly shiftedAlready: boolean;
}

/** Directories beside the rootfs that must belong to the container's root. */
export function ownDirectories({ store, place }: Storage): string[] {
  return store.ownDirectories.map(directory => join(place.building, directory));
}

/**
 * Leaves the tree with the container's own ids where they can be mapped at mount, else shifts it, and records which. LXC's
 * containers are always shifted: LXC maps nothing at mount. Throws SHIFT_FAILED, STORE_UNSUPPORTED for a --dir that must be.
 */
export async function storeIds(request: CreateRequest, build: Build, storing: StoringIds): Promise<void> {
  const mustBe = !storing.shiftedAlready && (await mustShift(request, build, storing));
  if (mustBe) await shift(request, build, storing);
  const isShifted = mustBe || storing.shiftedAlready;
  writeMarkerFile(build.container, 'stored', isShifted ? 'shifted' : 'unshifted');
}

async function mustShift(
  { flavour }: CreateRequest,
  build: Build,
  { storage, maps }: StoringIds,
): Promise<boolean> {
  // An overlay of a base was chosen because ids can be mapped there.
  if (maps.length === 0 || storage.place.base !== undefined) return false;
  return flavour === 'lxc' || !(await isIdmappable(build.container));
}

async function shift(request: CreateRequest, build: Build, { storage, maps }: StoringIds): Promise<void> {
  if (request.directory !== undefined) {
    throw new TslxcError('STORE_UNSUPPORTED', `--dir ${request.directory}: its filesystem can't map ids`, {
      hint: 'leave --dir out, or use --privileged',
    });
  }
  if (request.flavour !== 'lxc') {
    const text = `the filesystem of ${request.lxcpath} can't map ids at mount: the rootfs is a copy with shifted ids`;
    request.onEvent({ kind: 'notice', text });
  }
  await inStep(request.onEvent, { step: 'shift', text: "giving the tree the container's ids" }, () =>
    shiftTree(join(build.container, 'rootfs'), build.directory, maps, request.signal),
  );
  for (const directory of ownDirectories(storage)) await giveToMapRoot(directory, maps);
}
