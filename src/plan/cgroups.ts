// The container's control groups: made, limited, handed over to its root. Nothing is ever moved into them by pid.

import { cgroupLimits, type Limit, type Limits } from './cgroup-limits.ts';
import { type PayloadPaths, payloadPaths, unifiedControllers } from './cgroup-paths.ts';
import { deviceProgram } from './device-program.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const WHY = rule('every container has control groups of its own');
const HANDED_OVER = rule("the container's root manages its own control groups");

/** What the kernel lets a delegatee write (/sys/kernel/cgroup/delegate), and the directory itself. */
const V2_DELEGATED = [
  'cgroup.procs',
  'cgroup.threads',
  'cgroup.subtree_control',
  'memory.oom.group',
  'memory.reclaim',
];
/** What a guest's init wants for its own units. */
const USUAL_CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'pids'];
const V1_DELEGATED = ['cgroup.procs', 'tasks'];

export interface Payload extends PayloadPaths {
  /** Of the level where limits apply. */
  readonly directory: Slot;
  /** Of the level where init is born. */
  readonly home: Slot;
}

/** Makes and limits the payload in every hierarchy; v2 first. */
export function makeCgroups(start: Start): readonly Payload[] {
  const { config, host, input, plan } = start;
  const limits = cgroupLimits(config, host);
  for (const notice of limits.notices) plan.notice(notice);
  for (const ignored of limits.ignored) plan.ignore(ignored);
  const controllers = wantedControllers(start, limits);
  const payloads = payloadPaths(config, host, input).map(paths => makePayload(start, paths, controllers));
  applyLimits(start, limits, payloads);
  return payloads;
}

/** What v2 hands down on the way to a payload: on a host of its own the usual ones, else what the limits take. */
function wantedControllers({ config, host }: Start, { writes }: Limits): readonly string[] {
  const limiting = writes.filter(({ version }) => version === 2).map(({ controller }) => controller);
  const wanted = new Set([...(host.cgroup.layout === 'v2' ? USUAL_CONTROLLERS : []), ...limiting]);
  return unifiedControllers(config, host).filter(controller => wanted.has(controller));
}

/** The payload that init is born into directly, if cgroup2 is mounted. */
export function unified(payloads: readonly Payload[]): Payload | undefined {
  return payloads.find(({ version }) => version === 2);
}

function makePayload(start: Start, paths: PayloadPaths, controllers: readonly string[]): Payload {
  const { plan } = start;
  const origin = (start.config.cgroup.dirContainer ?? start.config.cgroup.dir)?.origin ?? WHY;
  if (paths.version === 2) enableControllers(start, paths, controllers);
  let directory = plan.newSlot();
  for (const [depth, path] of paths.directories.entries()) {
    if (depth > 0) directory = plan.newSlot();
    start.add('host', origin, 'cgroup_make', { path, mode: 0o755, directory });
    if (paths.hierarchy.controllers.includes('cpuset') && paths.version === 1) {
      start.add('host', WHY, 'cgroup_inherit_cpuset', { directory });
    }
    if (paths.version === 2 && path !== paths.payload) handDown(start, directory, controllers);
  }
  const home = makeHome(start, paths, directory, controllers);
  if (start.idmaps) {
    const { rootUid: uid, rootGid: gid } = start.idmaps;
    const files = paths.version === 2 ? V2_DELEGATED : V1_DELEGATED;
    if (!start.rootless)
      start.add('host', HANDED_OVER, 'cgroup_delegate', { directory: home, uid, gid, files });
  }
  return { ...paths, directory, home };
}

/** lxc.cgroup.dir.container.inner: limits stay on the outer level, out of the container's reach. */
function makeHome(start: Start, paths: PayloadPaths, directory: Slot, controllers: readonly string[]): Slot {
  const inner = start.config.cgroup.dirContainerInner;
  if (!inner) return directory;
  if (paths.version === 2) handDown(start, directory, controllers);
  const home = start.plan.newSlot();
  start.add('host', inner.origin, 'cgroup_make', { path: paths.processes, mode: 0o755, directory: home });
  if (paths.hierarchy.controllers.includes('cpuset') && paths.version === 1) {
    start.add('host', inner.origin, 'cgroup_inherit_cpuset', { directory: home });
  }
  return home;
}

function enableControllers(
  start: Start,
  { base, enabled }: PayloadPaths,
  controllers: readonly string[],
): void {
  const missing = controllers.filter(controller => !enabled.includes(controller));
  if (missing.length === 0) return;
  const directory = start.plan.newSlot();
  start.add('host', WHY, 'directory_open', { path: base, directory });
  handDown(start, directory, missing);
}

function handDown(start: Start, directory: Slot, controllers: readonly string[]): void {
  if (controllers.length === 0) return;
  const value = controllers.map(controller => `+${controller}`).join(' ');
  start.add('host', WHY, 'cgroup_write', { directory, file: 'cgroup.subtree_control', value });
}

function applyLimits(start: Start, limits: Limits, payloads: readonly Payload[]): void {
  for (const limit of limits.writes) {
    const payload = payloads.find(candidate => holds(candidate, limit));
    if (payload) {
      start.add('host', limit.origin, 'cgroup_write', {
        directory: payload.directory,
        file: limit.file,
        value: limit.value,
      });
    }
  }
  const program = deviceProgram(limits.devices);
  const v2 = unified(payloads);
  const [first] = limits.devices;
  if (program && first && v2)
    start.add('host', first.origin, 'cgroup_devices', { directory: v2.directory, program });
}

function holds(payload: Payload, limit: Limit): boolean {
  if (payload.version !== limit.version) return false;
  return limit.version === 2 || payload.hierarchy.controllers.includes(limit.controller);
}
