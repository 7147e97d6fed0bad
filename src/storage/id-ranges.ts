// The registry that keeps the id ranges of root's containers disjoint over all lxcpaths: one file a range in STATE/.ids,
// named by the range's first id. A hard link to a name that must not exist is the allocation: it is atomic, and complete.

import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { type IdSpan, parseSubids, RANGE_IDS, ROOT_OWNERS, rangeBases } from '../base/id-spans.ts';
import { makeDirectories, textOf } from '../host/directories.ts';
import { takeLock } from '../host/locks.ts';
import { syncDirectory } from './durable.ts';
import { liveIdMaps, overlappingLiveMap } from './live-id-maps.ts';
import { readMarker } from './marker.ts';
import { ownIdentity, type ProcessIdentity, sameProcessAlive } from './process-identity.ts';

/** Where the registry is and what it may give; a Settings is one. */
export interface IdRangeSettings {
  readonly stateDir: string;
  readonly subuidFile: string;
  readonly subgidFile: string;
}

/** Whose range it is. */
export interface RangeHolder {
  readonly lxcpath: string;
  readonly name: string;
  /** The container's marker (`.tslxc/id`). */
  readonly id: string;
}

interface Entry extends RangeHolder {
  /** Inode of lxcpath, so that an unmounted disk is not taken for a container that is gone. */
  readonly lxcpathInode: number;
  /** Who builds the container: until it ends, the absence of the container means nothing. */
  readonly builder: ProcessIdentity;
}

function registry(settings: IdRangeSettings): string {
  return join(settings.stateDir, '.ids');
}

function readEntry(file: string): Entry | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entry;
  } catch {
    return undefined;
  }
}

function noneFree(settings: IdRangeSettings, owner: string, why: string): TslxcError {
  return new TslxcError('NO_ID_RANGE', `no free range of ${RANGE_IDS} ids: ${why}`, {
    hint: `add a line like ${owner}:FIRST:${RANGE_IDS * 4096} to ${settings.subuidFile} and to ${settings.subgidFile}`,
  });
}

/** Links `draft` to the first free base that no live map uses; undefined when every one is taken. */
function linkFirstFree(directory: string, draft: string, bases: Iterable<number>): IdSpan | undefined {
  const taken = new Set(readdirSync(directory));
  const live = liveIdMaps();
  for (const first of bases) {
    const range = { first, count: RANGE_IDS };
    if (taken.has(String(first)) || overlappingLiveMap([range], live) !== undefined) continue;
    try {
      linkSync(draft, join(directory, String(first)));
      syncDirectory(directory);
      return range;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // else another create was faster: the next
    }
  }
  return undefined;
}

/**
 * Takes a free range of 65536 ids for a container from its owner's lines in the subuid and subgid files: root's, unless others are
 * named. Throws NO_ID_RANGE when there is none, naming the file and the line to add.
 */
export async function allocateRange(
  settings: IdRangeSettings,
  holder: RangeHolder,
  owners = ROOT_OWNERS,
): Promise<IdSpan> {
  const uids = parseSubids(textOf(settings.subuidFile));
  const gids = parseSubids(textOf(settings.subgidFile));
  const bases = [...rangeBases(uids, gids, owners)];
  const [owner = ''] = owners;
  if (bases.length === 0)
    throw noneFree(settings, owner, `${owner} has no span that both files give it whole`);

  const directory = registry(settings);
  makeDirectories(directory, 0o700);
  removeDeadDrafts(directory);
  const draft = join(directory, `${DRAFT}${randomUUID()}`);
  const entry: Entry = { ...holder, lxcpathInode: statSync(holder.lxcpath).ino, builder: ownIdentity() };
  writeFileSync(draft, `${JSON.stringify(entry)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    let range = linkFirstFree(directory, draft, bases);
    if (range === undefined && (await reclaimStaleRanges(settings)) > 0) {
      range = linkFirstFree(directory, draft, bases);
    }
    if (range !== undefined) return range;
    throw noneFree(settings, owner, `all ${bases.length} of ${owner}'s are taken`);
  } finally {
    unlinkSync(draft);
  }
}

const DRAFT = '.draft-';

const WRITING_MS = 60_000;

function isOlderThan(file: string, ageMs: number): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > ageMs;
}

/** What a killed create left; it holds no range. */
function removeDeadDrafts(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(DRAFT)) continue;
    const draft = join(directory, name);
    const entry = readEntry(draft);
    // One that can't be read is being written, or its writer was killed before that.
    const dead = entry === undefined ? isOlderThan(draft, WRITING_MS) : !sameProcessAlive(entry.builder);
    if (dead) rmSync(draft, { force: true });
  }
}

/**
 * Gives back every range that the container with this id holds; nothing when it holds none.
 * Throws BUSY when another command keeps the registry's lock for 10 s.
 */
export async function releaseRanges(settings: IdRangeSettings, id: string): Promise<void> {
  const names = readNames(registry(settings)).filter(
    base => readEntry(join(registry(settings), base))?.id === id,
  );
  if (names.length === 0) return;
  await withRegistryLock(settings, () => {
    for (const base of names) {
      const file = join(registry(settings), base);
      if (readEntry(file)?.id === id) rmSync(file, { force: true });
    }
  });
}

/**
 * Removes entries whose container is gone, and returns how many. An entry counts as stale only when its lxcpath is the directory
 * it was (an unmounted disk is not), no container with its id is there, its builder has ended, and no live map uses its ids.
 */
async function reclaimStaleRanges(settings: IdRangeSettings): Promise<number> {
  return await withRegistryLock(settings, () => {
    const live = liveIdMaps();
    const stale = readNames(registry(settings)).filter(base => {
      const entry = readEntry(join(registry(settings), base));
      const range = { first: Number(base), count: RANGE_IDS };
      return entry !== undefined && isStale(entry) && overlappingLiveMap([range], live) === undefined;
    });
    for (const base of stale) rmSync(join(registry(settings), base));
    return stale.length;
  });
}

function isStale(entry: Entry): boolean {
  if (sameProcessAlive(entry.builder)) return false;
  if (statSync(entry.lxcpath, { throwIfNoEntry: false })?.ino !== entry.lxcpathInode) return false;
  // A half-built or half-removed container still has its marker, and gives its range back itself.
  const places = readdirSync(entry.lxcpath).flatMap(name =>
    name === entry.name || name.startsWith('.tslxc-') ? [name, join(name, 'container')] : [],
  );
  return !places.some(place => readMarker(join(entry.lxcpath, place)) === entry.id);
}

/** Entries are made without it (a link is atomic); it makes "read, judge, unlink" one step among those who remove. */
async function withRegistryLock<T>(settings: IdRangeSettings, work: () => T): Promise<T> {
  const lock = await takeLock(join(registry(settings), '.lock'), LOCK_WAIT_MS);
  if (lock === undefined)
    throw new TslxcError('BUSY', 'another command keeps the registry of id ranges locked');
  try {
    return work();
  } finally {
    lock.release();
  }
}

const LOCK_WAIT_MS = 10_000;

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter(name => /^\d+$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
