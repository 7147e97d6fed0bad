// How init is born: a moment's process in the payload's control groups clones it and is gone. Nothing is moved by pid.

import type { Origin } from '../base/errors.ts';
import { type IdRange, idMapText } from '../base/ids.ts';
import { type Payload, unified } from './cgroups.ts';
import { limitResources } from './credentials.ts';
import type { PlanBuilder } from './model.ts';
import { cloneWords } from './namespaces.ts';
import { cannotStart } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const BORN = rule("init is born in the container's control groups");
const NANOSECONDS = 1_000_000_000n;

/** Pins the namespaces of others that the container joins. */
export function expectShares(start: Start): readonly Slot[] {
  return start.namespaces.joined.map(({ kind, path, dev, ino }) => {
    const namespace = start.plan.newSlot();
    const origin = start.config.namespace.share[kind]?.origin ?? rule(`the ${kind} namespace to share`);
    start.add('host', origin, 'expect_namespace', { path, dev, ino, namespace });
    return namespace;
  });
}

/** The spawner's segment: it becomes what its child shall inherit, then clones it. Gives init's pid. */
export function spawnInit(start: Start, payloads: readonly Payload[], shares: readonly Slot[]): Slot {
  const { namespaces, idmaps } = start;
  const init = start.plan.newSlot();
  start.add('spawner', BORN, 'spawner', { cgroup: unified(payloads)?.home });
  for (const { version, home } of payloads) {
    if (version === 1) start.add('spawner', BORN, 'cgroup_join', { directory: home });
  }
  if (start.staged) {
    const origin = rule('flags of host mounts are locked before the container sees them');
    start.add('spawner', origin, 'namespace_unshare', { kinds: ['mnt'] });
    start.add('spawner', origin, 'propagation', { path: '/', propagation: ['rec', 'slave'] });
  }
  setTimeOffsets(start);
  for (const [index, { kind }] of namespaces.joined.entries()) {
    const namespace = shares[index];
    if (namespace)
      start.add('spawner', rule(`shares the ${kind} namespace`), 'namespace_join', {
        namespace,
        kinds: [kind],
      });
  }
  if (start.staged && idmaps) {
    const origin = rule("the kernel charges the namespaces to the container's own ids");
    start.add('spawner', origin, 'effective_ids', { uid: idmaps.rootUid, gid: idmaps.rootGid });
  }
  limitResources(start);
  const later = start.staged ? (['mnt', 'time'] as const) : (['time'] as const);
  start.add('spawner', BORN, 'clone_init', { namespaces: cloneWords(namespaces, later), process: init });
  return init;
}

/** Gives the user namespace its ids; a plain user's by the helpers that know what /etc/subuid allows. */
export function mapIds(start: Start, process: Slot): void {
  const { idmaps, rootless, input } = start;
  if (!idmaps) return;
  if (rootless && !input.mapHelpers) {
    throw cannotStart(
      'newuidmap and newgidmap are not installed',
      idmaps.origin,
      'install the package uidmap',
    );
  }
  writeIdMaps(start.plan, idmaps.origin, process, {
    ...idmaps,
    ...(rootless && input.mapHelpers && { helpers: input.mapHelpers }),
  });
}

/** The ids of a user namespace. */
export interface NamespaceIds {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** A plain user's newuidmap and newgidmap; without them the maps are written by root. */
  readonly helpers?: { readonly uid: string; readonly gid: string };
}

/** Writes the maps of the user namespace in which `process` waits for them. */
export function writeIdMaps(
  plan: PlanBuilder,
  origin: Origin,
  process: Slot,
  { uids, gids, helpers }: NamespaceIds,
): void {
  if (!helpers) {
    plan.add('parent', origin, 'idmap_write', { process, uids: idMapText(uids), gids: idMapText(gids) });
    return;
  }
  for (const [helper, ranges] of [
    [helpers.gid, gids],
    [helpers.uid, uids],
  ] as const) {
    const words = ranges.flatMap(({ nsId, hostId, count }) => [nsId, hostId, count]).map(String);
    plan.add('parent', origin, 'idmap_helper', {
      process,
      argv: [helper, `{${process.slot}}`, ...words],
    });
  }
}

/** The child's own mount namespace, from which nothing reaches the host's. */
export function ownMounts(start: Start): void {
  const origin = rule('a mount namespace of its own');
  if (start.staged) start.add('child', origin, 'namespace_unshare', { kinds: ['mnt'] });
  else start.add('child', origin, 'propagation', { path: '/', propagation: ['rec', 'slave'] });
}

function setTimeOffsets({ config, add }: Start): void {
  const { boot, monotonic } = config.timeOffset;
  const origin = boot?.origin ?? monotonic?.origin;
  if (!origin) return;
  const [bootNs, monotonicNs] = [boot?.value ?? 0n, monotonic?.value ?? 0n];
  add('spawner', origin, 'time_offsets', {
    boot_s: seconds(bootNs),
    boot_ns: bootNs - seconds(bootNs) * NANOSECONDS,
    monotonic_s: seconds(monotonicNs),
    monotonic_ns: monotonicNs - seconds(monotonicNs) * NANOSECONDS,
  });
}

/** Rounded down: the kernel takes nanoseconds from 0 to 999999999 only. */
function seconds(ns: bigint): bigint {
  const whole = ns / NANOSECONDS;
  return ns < 0n && whole * NANOSECONDS !== ns ? whole - 1n : whole;
}
