// How a command gets into a running container: through the namespaces of its init, in a leaf of its control groups, on a pty
// of its own where it talks to a terminal. It never holds a descriptor of the host but the caller's 0 to 2.

import { personality } from '../base/arches.ts';
import type { Origin } from '../base/errors.ts';
import type { ContainerConfig, NamespaceWord } from '../config/model.ts';
import type { AttachInput, HostFacts, RunningFacts } from '../facts/model.ts';
import { attachEnvironment, shellCommand } from './attach-command.ts';
import { keptCapabilities, limitResources, writeProcFiles } from './credentials.ts';
import { literal } from './environment.ts';
import { type Plan, PlanBuilder } from './model.ts';
import { cannotStart } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule } from './start.ts';

const EVERY_CAPABILITY = (1n << 63n) - 1n;
const WHO = rule('attach');
/** What init's namespaces are joined in: those that need the caller's rights come before the user namespace. */
const BY_SPAWNER: readonly NamespaceWord[] = ['pid', 'uts', 'ipc', 'net', 'cgroup'];
const BY_CHILD: readonly NamespaceWord[] = ['mnt', 'user'];

interface Attach {
  readonly config: ContainerConfig;
  readonly host: HostFacts;
  readonly running: RunningFacts;
  readonly input: AttachInput;
  readonly plan: PlanBuilder;
  readonly joined: readonly NamespaceWord[];
  lifted(word: 'CAP' | 'CGROUP' | 'LSM'): boolean;
}

/** The plan of an attach, of kind run: it ends with the command's status. Throws CANNOT_START for an unknown arch. */
export function compileAttach(
  config: ContainerConfig,
  host: HostFacts,
  running: RunningFacts,
  input: AttachInput,
): Plan {
  const wanted = input.namespaces;
  const attach: Attach = {
    config,
    host,
    running,
    input,
    plan: new PlanBuilder(),
    joined: [...BY_SPAWNER, ...BY_CHILD].filter(
      word => running.namespaces.includes(word) && (wanted === undefined || wanted.includes(word)),
    ),
    lifted: word => wanted !== undefined || input.elevated.includes(word),
  };

  // On the host: init is still the one that was meant; its namespaces and control groups are held by descriptor.
  const namespaces = openNamespaces(attach);
  const groups = openGroups(attach);
  const hostPty =
    input.terminals.includes(true) && !attach.joined.includes('mnt') ? openPty(attach, 'host') : undefined;

  const child = spawnChild(attach, namespaces, groups);
  writeProcFiles(attach, child);

  // The child goes in: mounts, then the user namespace, where it is root and nobody.
  enter(attach, namespaces);
  narrow(attach);
  const pty = hostPty ?? (input.terminals.includes(true) ? openPty(attach, 'child') : undefined);
  if (pty && !hostPty) attach.plan.add('child', WHO, 'fd_send', { descriptor: pty.master });

  servePty(attach, pty, hostPty !== undefined);
  becomeCommand(attach, pty);
  leave(attach);
  return attach.plan.build('run');
}

interface Groups {
  readonly leaf?: Slot;
  readonly v1: readonly Slot[];
}

function openNamespaces({ plan, running, joined }: Attach): ReadonlyMap<NamespaceWord, Slot> {
  const { pid, starttime } = running;
  const process = plan.newSlot();
  plan.add('host', WHO, 'expect_process', { pid, starttime, process, pidfd: plan.newSlot() });
  const namespaces = new Map(
    joined.map(kind => {
      const namespace = plan.newSlot();
      plan.add('host', WHO, 'namespace_open', { process, kind, namespace });
      return [kind, namespace] as const;
    }),
  );
  // They were opened by its number: had init ended meanwhile, they could be another's who got the number, the host's even.
  plan.add('host', rule('init is still there'), 'expect_process', {
    pid,
    starttime,
    process: plan.newSlot(),
    pidfd: plan.newSlot(),
  });
  return namespaces;
}

/** On v2 a group that hands controllers down may hold no process: each attach has a leaf. */
function openGroups({ plan, running, input, lifted }: Attach): Groups {
  if (lifted('CGROUP')) return { v1: [] };
  const v2 = running.payloads.find(({ version }) => version === 2);
  let leaf: Slot | undefined;
  if (v2) {
    leaf = plan.newSlot();
    plan.add('host', WHO, 'cgroup_make', { path: `${v2.path}/.lxc`, mode: 0o755, directory: plan.newSlot() });
    plan.add('host', WHO, 'cgroup_make', { path: leafPath(v2.path, input), mode: 0o755, directory: leaf });
  }
  const v1 = running.payloads
    .filter(({ version }) => version === 1)
    .map(({ path }) => {
      const directory = plan.newSlot();
      plan.add('host', WHO, 'directory_open', { path, directory });
      return directory;
    });
  return { v1, ...(leaf ? { leaf } : {}) };
}

function leafPath(payload: string, { id }: AttachInput): string {
  return `${payload}/.lxc/${id}`;
}

function spawnChild(
  attach: Attach,
  namespaces: ReadonlyMap<NamespaceWord, Slot>,
  { leaf, v1 }: Groups,
): Slot {
  const { plan, joined } = attach;
  const child = plan.newSlot();
  plan.add('spawner', WHO, 'spawner', { cgroup: leaf });
  for (const directory of v1) plan.add('spawner', WHO, 'cgroup_join', { directory });
  for (const kind of joined.filter(word => BY_SPAWNER.includes(word))) {
    const namespace = namespaces.get(kind);
    if (namespace) plan.add('spawner', WHO, 'namespace_join', { namespace, kinds: [kind] });
  }
  limitResources(attach);
  plan.add('spawner', WHO, 'clone_init', { namespaces: [], process: child });
  return child;
}

function enter(attach: Attach, namespaces: ReadonlyMap<NamespaceWord, Slot>): void {
  const { plan, input, joined } = attach;
  if (input.remount && !joined.includes('mnt')) remountViews(plan);
  for (const kind of joined.filter(word => BY_CHILD.includes(word))) {
    const namespace = namespaces.get(kind);
    if (namespace) plan.add('child', WHO, 'namespace_join', { namespace, kinds: [kind] });
  }
  const { uid, gid } = rootIds(attach);
  plan.add('child', WHO, 'identity', { uid, gid, groups: [] });
}

/** -R: /proc and /sys of the namespaces that were joined, where the mounts are the caller's. */
function remountViews(plan: PlanBuilder): void {
  const fresh = { make: 'no', optional: false, attributes: ['nosuid', 'nodev', 'noexec'] } as const;
  plan.add('child', WHO, 'namespace_unshare', { kinds: ['mnt'] });
  plan.add('child', WHO, 'propagation', { path: '/', propagation: ['rec', 'private'] });
  plan.add('child', WHO, 'fs_mount', { ...fresh, type: 'proc', options: ['source=proc'], path: '/proc' });
  plan.add('child', WHO, 'fs_mount', { ...fresh, type: 'sysfs', options: ['source=sysfs'], path: '/sys' });
}

/** Root of the container; where its user namespace has none, who its init is. */
function rootIds({ running, config, joined }: Attach): { uid: number; gid: number } {
  if (running.mapsRoot || !joined.includes('user')) return { uid: 0, gid: 0 };
  return { uid: config.init.uid.value, gid: config.init.gid.value };
}

function narrow(attach: Attach): void {
  const { plan, config, host, input, lifted } = attach;
  const arch = input.arch ?? config.arch?.value;
  const persona = arch === undefined ? 0 : personality(arch);
  if (persona === undefined) throw cannotStart(`${arch} is no architecture that LXC knows`, WHO);
  if (persona !== 0) plan.add('child', WHO, 'personality', { value: persona });
  if (!config.keyringInherit.value) plan.add('child', WHO, 'session_keyring', {});
  if (!lifted('LSM')) confine(attach);
  if (config.noNewPrivs.value || attach.running.noNewPrivs)
    plan.add('child', config.noNewPrivs.origin, 'no_new_privs', {});
  if (!lifted('LSM') && input.seccomp)
    plan.add('child', WHO, 'seccomp', { log: false, program: input.seccomp });
  plan.add('child', WHO, 'capabilities', {
    bounding: lifted('CAP') ? EVERY_CAPABILITY : keptCapabilities(config, host) & attach.running.capBounding,
  });
  const root = rootIds(attach);
  const { uid = root.uid, gid = root.gid } = input;
  if (uid !== root.uid || gid !== root.gid) plan.add('child', WHO, 'identity', { uid, gid, groups: [] });
}

function confine({ plan, config, host, input }: Attach): void {
  const { profile } = config.apparmor;
  if (host.apparmor && profile && profile.value !== 'unconfined' && profile.value !== 'unchanged') {
    plan.add('child', profile.origin, 'label', {
      attribute: 'apparmor/exec',
      value: `exec ${profile.value}`,
    });
  }
  const context = input.context ?? config.selinux.context?.value;
  if (host.selinux && context) plan.add('child', WHO, 'label', { attribute: 'exec', value: context });
}

function openPty({ plan }: Attach, actor: 'host' | 'child'): { master: Slot; slave: Slot } {
  const [master, slave] = [plan.newSlot(), plan.newSlot()];
  plan.add(actor, rule("a terminal of its own: nothing can be pushed into the caller's"), 'pty_open', {
    ...(actor === 'child' ? { devpts: '/dev/pts' } : {}),
    master,
    slave,
  });
  return { master, slave };
}

function servePty({ plan, input }: Attach, pty: { master: Slot } | undefined, held: boolean): void {
  if (!pty) return;
  const master = held ? pty.master : plan.newSlot();
  if (!held) plan.add('parent', WHO, 'fd_receive', { descriptor: master });
  plan.add('parent', WHO, 'pump', { master, mask: terminalMask(input), log: input.ptyLog });
}

function terminalMask({ terminals }: AttachInput): number {
  return terminals.reduce((mask, isTerminal, fd) => mask | (Number(isTerminal) << fd), 0);
}

function becomeCommand(attach: Attach, pty: { slave: Slot } | undefined): void {
  const { plan, config, input } = attach;
  const origin: Origin = WHO;
  if (pty)
    plan.add('child', origin, 'stdio', {
      descriptor: pty.slave,
      mask: terminalMask(input),
      controlling: true,
    });
  plan.add('child', origin, 'directory_enter', { path: input.cwd, make: false, optional: true });
  plan.add('child', origin, 'umask', { mask: input.umask });
  plan.add('child', origin, 'exec', {
    argv: input.command ?? shellCommand(input.uid ?? rootIds(attach).uid),
    env: attachEnvironment(config, input).map(literal),
  });
}

/** What the command left running keeps its group; the container's end removes it. */
function leave({ plan, running, input, lifted }: Attach): void {
  const v2 = running.payloads.find(({ version }) => version === 2);
  if (v2 && !lifted('CGROUP')) {
    plan.add('teardown-stop', WHO, 'cgroup_remove', { timeout_ms: 0, path: leafPath(v2.path, input) });
  }
}
