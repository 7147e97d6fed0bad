// The registry that keeps the id ranges of root's containers disjoint over all lxcpaths: one file a range in STATE/.ids,
// named by the range's first id. A hard link to a name that must not exist is the allocation: it is atomic, and complete.

import { randomUUID } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { type IdSpan, parseSubids, RANGE_IDS, rangeBases } from '../base/id-spans.ts';
import { liveIdMaps, overlappingLiveMap } from './live-id-maps.ts';
import { type ProcessIdentity, processIdentity } from './process-identity.ts';

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

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entry;
  } catch {
    return undefined;
  }
}

function noneFree(settings: IdRangeSettings, why: string): TslxcError {
  return new TslxcError('NO_ID_RANGE', `no free range of ${RANGE_IDS} ids: ${why}`, {
    hint: `add a line like root:FIRST:${RANGE_IDS * 4096} to ${settings.subuidFile} and to ${settings.subgidFile}`,
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
      return range;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // else another create was faster: the next
    }
  }
  return undefined;
}

/**
 * Takes a free range of 65536 ids for a container from root's lines in the subuid and subgid files.
 * Throws NO_ID_RANGE when there is none, naming the file and the line to add.
 */
export function allocateRange(settings: IdRangeSettings, holder: RangeHolder): IdSpan {
  const uids = parseSubids(readText(settings.subuidFile));
  const gids = parseSubids(readText(settings.subgidFile));
  const bases = [...rangeBases(uids, gids)];
  if (bases.length === 0) throw noneFree(settings, 'root has no span that both files give it whole');

  const directory = registry(settings);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.draft-${randomUUID()}`);
  const entry: Entry = { ...holder, lxcpathInode: statSync(holder.lxcpath).ino, builder: processIdentity() };
  writeFileSync(draft, `${JSON.stringify(entry)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    const range = linkFirstFree(directory, draft, bases);
    if (range !== undefined) return range;
    throw noneFree(settings, `all ${bases.length} of root's are taken`);
  } finally {
    unlinkSync(draft);
  }
}

/** Gives back every range that the container with this id holds; nothing when it holds none. */
export function releaseRanges(settings: IdRangeSettings, id: string): void {
  const directory = registry(settings);
  for (const base of readNames(directory)) {
    const file = join(directory, base);
    if (readEntry(file)?.id === id) rmSync(file, { force: true });
  }
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter(name => /^\d+$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
