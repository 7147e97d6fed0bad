// Which host ids are in use by user namespaces that are alive now: root writing uid_map consults no file, so we do.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type IdSpan, spansOverlap } from '../base/id-spans.ts';
import { processStat } from '../host/procfs.ts';

/** A span of host ids that a live user namespace maps, and one process in it. */
export interface LiveIdMap extends IdSpan {
  readonly pid: number;
}

function readNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined; // ended meanwhile, or not ours to see
  }
}

/** A zombie, which its parent has not yet noticed, uses no id any more. */
function isDead(pid: string): boolean {
  const state = processStat(Number(pid))?.state;
  return state === undefined || state === 'Z' || state === 'X';
}

function mappedSpans(pid: string, file: 'uid_map' | 'gid_map'): LiveIdMap[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .filter(words => words.length === 3)
    .map(([, first = 0, count = 0]) => ({ first, count, pid: Number(pid) }));
}

/** Every host id span mapped by a user namespace other than our own; 2 × the number of namespaces reads, one readlink a process. */
export function liveIdMaps(): LiveIdMap[] {
  const seen = new Set([readNamespace('self')]);
  const spans: LiveIdMap[] = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const namespace = readNamespace(pid);
    if (namespace === undefined || seen.has(namespace) || isDead(pid)) continue;
    seen.add(namespace);
    spans.push(...mappedSpans(pid, 'uid_map'), ...mappedSpans(pid, 'gid_map'));
  }
  return spans;
}

/**
 * The live map that shares an id with one of `wanted`, or undefined. A start asks this before it writes its own map: two
 * containers with common host ids could signal and read each other. Maps of one id are a program's own (rootless tools) and
 * count only when that id is wanted.
 */
export function overlappingLiveMap(
  wanted: readonly IdSpan[],
  live: readonly LiveIdMap[] = liveIdMaps(),
): LiveIdMap | undefined {
  return live.find(map => wanted.some(span => spansOverlap(span, map)));
}
