// How a container starts. Read from top to bottom this is what happens, in this order; a change of actor is a barrier. The
// recipe is one long function on purpose: what happens before what is all that it says.

import { splitCommand } from '../base/command-line.ts';
import { commandAddress } from '../base/paths.ts';
import type { ContainerConfig } from '../config/model.ts';
import type { GuestFacts, HostFacts, LaunchInput } from '../facts/model.ts';
import { payloadPaths } from './cgroup-paths.ts';
import { mountCgroups } from './cgroup-view.ts';
import { makeCgroups } from './cgroups.ts';
import { becomeRoot, narrow, takeIdentity, writeProcFiles } from './credentials.ts';
import { fillDev, giveBootId, mountDev, openDeviceNodes } from './devices.ts';
import { initEnvironment, initOrigin, literal } from './environment.ts';
import { type LiveValues, runHooks } from './hooks.ts';
import { idmapTree, openHostTree, stageTrees } from './host-trees.ts';
import { ignoreMeaningless } from './ignored.ts';
import { configureLinks, expectLinks, makeLinks, planLinks } from './links.ts';
import type { Plan } from './model.ts';
import { mountAuto, needsHostSysfs } from './mount-auto.ts';
import { applyMounts, openMounts, type PlannedMount, treesOf } from './mounts.ts';
import type { EnumWord } from './opcodes.ts';
import { cannotStart } from './refusal.ts';
import { attachRootfs, idmapRootfs, layersAbove, openRootfs } from './rootfs.ts';
import type { Slot } from './slot.ts';
import { expectShares, mapIds, ownMounts, spawnInit } from './spawn.ts';
import { beginStart, rule, type Start } from './start.ts';
import { tearDown } from './teardown.ts';
import { makeTerminals, serveTerminals, takeStdio, ttyNames } from './terminals.ts';

/**
 * The plan of a start. Pure: the same config, facts and input give the same plan. Throws TslxcError (CANNOT_START,
 * NOT_CARRIED_OUT) with the line to blame.
 */
export function compileLaunch(
  config: ContainerConfig,
  host: HostFacts,
  guest: GuestFacts,
  input: LaunchInput,
): Plan {
  const start = beginStart(config, host, guest, input);
  ignoreMeaningless(start);
  const links = planLinks(start);

  // The executor, on the host: what the plan rests on, who we are, how to clean up.
  expectGuest(start);
  expectLinks(start, links);
  const shares = expectShares(start);
  claimIdentity(start);
  runHooks(start, 'host', 'pre-start');
  const payloads = makeCgroups(start);
  const rootfs = openRootfs(start);
  const mounts = openMounts(start);
  refuseWithoutInit(start, mounts);
  const nodes = openDeviceNodes(start);
  const sysfs = openSysfs(start);
  const trees = [...treesOf(mounts), ...(sysfs ? [sysfs] : [])];

  // A moment's process in the container's control groups clones init.
  const init = spawnInit(start, payloads, shares);

  // The executor again, while init waits: ids, mounts of the host, links.
  start.add('parent', rule('any later command finds init by this'), 'record_init', {
    path: `${input.runDir}/init`,
    process: init,
  });
  mapIds(start, init);
  writeProcFiles(start, init);
  const userns = start.idmaps && openNamespace(start, init, 'user');
  if (userns) {
    idmapRootfs(start, rootfs, userns);
    for (const tree of trees) idmapTree(start, tree, userns);
  }
  stageTrees(start, trees, rootfs.kind === 'dir' ? rootfs.tree : undefined, init);
  const netns = links.length > 0 ? openNamespace(start, init, 'net') : undefined;
  makeLinks(start, links, netns, { init });

  // The child builds its world.
  becomeRoot(start);
  ownMounts(start);
  runHooks(start, 'child', 'pre-mount');
  const root = attachRootfs(start, rootfs);
  mountDev(start, root);
  mountAuto(start, root, sysfs, trees);
  applyMounts(start, mounts, trees, root);
  mountCgroups(start, root);
  runHooks(start, 'child', 'mount');
  if (config.autodev.value) runHooks(start, 'child', 'autodev');
  fillDev(start, root, nodes);
  giveBootId(start, root);
  const terminals = makeTerminals(start, root);
  nameHost(start);
  configureLinks(start, links);
  setSysctls(start);
  start.add('child', rule('the rootfs becomes the root'), 'pivot', { root });
  narrow(start);
  runHooks(start, 'child', 'start');

  // The executor serves the terminals and runs the last hooks of the host.
  serveTerminals(start, terminals);
  start.add('parent', rule('the monitor takes requests'), 'serve_control', { directory: input.runDir });
  const live = openLiveNamespaces(start, init);
  runHooks(start, 'parent', 'start-host', live);

  // The child becomes init.
  becomeInit(start, terminals);

  tearDown(start, { payloads, links, live });
  return start.plan.build('launch');
}

/** Init's binary is what decided signals and the view of control groups: a replay after an upgrade must not pass. */
function expectGuest(start: Start): void {
  const { file } = start.guest.init;
  if (!file) return;
  const origin = rule("the guest's init decided this plan");
  const { layer: dir, path, dev, ino, size, mtimeNs } = file;
  start.add('host', origin, 'expect_file', { dir, path, dev, ino, size, mtime_ns: BigInt(mtimeNs) });
  for (const above of layersAbove(start, dir))
    start.add('host', origin, 'expect_absent', { dir: above, path });
}

/** An init that is not in the rootfs may come with a mount: lxc-sshd binds the host's /sbin, and itself over its init. */
function refuseWithoutInit({ config, guest, input }: Start, mounts: readonly PlannedMount[]): void {
  if (guest.init.kind !== 'missing' || input.command) return;
  const [init = '/sbin/init'] = splitCommand(config.init.cmd.value);
  if (mounts.some(({ target }) => `${init}/`.startsWith(`/${target}/`))) return;
  throw cannotStart(
    'the rootfs has no init',
    initOrigin(config, undefined),
    'set lxc.init.cmd, or install one',
  );
}

function claimIdentity(start: Start): void {
  const { config, input } = start;
  if (config.monitor.unshare.value) {
    const { origin } = config.monitor.unshare;
    start.add('host', origin, 'namespace_unshare', { kinds: ['mnt'] });
    start.add('host', origin, 'propagation', { path: '/', propagation: ['rec', 'slave'] });
  }
  for (const { payload } of payloadPaths(config, start.host, input))
    start.add('host', rule('what another program runs is not ours to end'), 'expect_vacant', {
      path: payload,
    });
  const address = commandAddress(input.lxcpath, input.name);
  start.add('host', rule('LXC and tslxc never run one container twice'), 'claim_address', {
    address,
    socket: start.plan.newSlot(),
  });
  start.add('host', rule('any later command can clean up'), 'save_teardown', {
    path: `${input.runDir}/teardown`,
  });
  start.add('host', rule('readers follow the state'), 'event', {
    path: `${input.runDir}/events`,
    state: 'STARTING',
  });
}

function openSysfs(start: Start) {
  if (!needsHostSysfs(start)) return undefined;
  const origin = rule(
    "a user namespace cannot mount the sysfs of a network that is not its own: the host's, read-only",
  );
  return openHostTree(start, {
    path: '/sys',
    origin,
    locked: start.staged,
    attributes: ['ro', 'nosuid', 'nodev', 'noexec'],
  });
}

function openNamespace(start: Start, process: Slot, kind: EnumWord<'namespace_file'>): Slot {
  const namespace = start.plan.newSlot();
  start.add('parent', rule(`init's ${kind} namespace`), 'namespace_open', { process, kind, namespace });
  return namespace;
}

/** Stop hooks are told of namespaces that must outlive init: held open from now on. */
function openLiveNamespaces(start: Start, init: Slot): LiveValues {
  const { config, namespaces } = start;
  if (config.hooks.stop.length === 0 && !config.net.some(({ scriptDown }) => scriptDown)) return { init };
  const executor = start.plan.newSlot();
  start.add('parent', rule('stop hooks find namespaces by this pid'), 'self', { process: executor });
  const words = (['mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup', 'user', 'time'] as const).filter(word =>
    namespaces.fresh.has(word),
  );
  return {
    init,
    namespaces: { executor, files: new Map(words.map(word => [word, openNamespace(start, init, word)])) },
  };
}

function nameHost({ config, namespaces, add }: Start): void {
  if (config.utsName && namespaces.fresh.has('uts'))
    add('child', config.utsName.origin, 'hostname', { name: config.utsName.value });
}

/** While the host's /proc is at hand: it shows the values of the writer's namespaces, and nothing masks it. */
function setSysctls(start: Start): void {
  for (const [key, { value, origin }] of start.config.sysctl) {
    start.add('child', origin, 'sysctl_write', { path: key.replaceAll('.', '/'), value });
  }
}

function becomeInit(start: Start, terminals: ReturnType<typeof makeTerminals>): void {
  const { config, input } = start;
  start.add('child', config.init.cwd.origin, 'directory_enter', {
    path: config.init.cwd.value,
    make: true,
    optional: false,
  });
  takeStdio(start, terminals);
  start.add('child', rule('init begins with the usual umask'), 'umask', { mask: 0o022 });
  takeIdentity(start);
  const { pdeathSignal } = config.monitor;
  start.add('child', pdeathSignal.origin, 'parent_death', { signal: pdeathSignal.value });
  start.add('child', initOrigin(config, input.command), 'exec', {
    argv: input.command ?? splitCommand(config.init.cmd.value),
    env: initEnvironment(config, ttyNames(start)).map(literal),
  });
}
