// What the host's kernel offers to containers (lxc-commands 3.4), as data.

import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { TslxcError } from '../base/errors.ts';
import { type KernelConfig, kernelConfigCandidates, readKernelConfig } from '../host/kernel-config.ts';

export interface Check {
  readonly label: string;
  readonly result: 'enabled' | 'missing' | 'required';
  /** Of a feature that may be a module, when /proc/modules exists. */
  readonly loaded?: boolean;
}

export interface Section {
  readonly title: string;
  /** Checks, and lines that are only told. */
  readonly lines: readonly (Check | string)[];
}

export interface CheckReport {
  /** What is told before the sections: where the kernel's config was found. */
  readonly notes: readonly string[];
  readonly sections: readonly Section[];
}

/** Throws NO_KERNEL_CONFIG. `env`: CONFIG names the file, MODNAME the module that would offer it, PATH is searched for newuidmap. */
export function checkHost(env: Readonly<Record<string, string | undefined>>): CheckReport {
  const { kernel, notes } = findKernelConfig(env);
  return {
    notes,
    sections: [
      {
        title: 'Namespaces',
        lines: [
          ...namespaceChecks(kernel),
          ...(kernel.isSet('CONFIG_USER_NS') ? helperWarnings(env) : []),
          check(kernel, 'Network namespace', 'CONFIG_NET_NS'),
        ],
      },
      { title: 'Control groups', lines: [...cgroupChecks(kernel)] },
      {
        title: 'Misc',
        lines: MISC.map(([label, option, module]) => check(kernel, label, option, { module })),
      },
      {
        title: 'Checkpoint/Restore',
        lines: [
          ...CHECKPOINT.map(([label, option]) => check(kernel, label, option)),
          enabled('File capabilities'),
        ],
      },
    ],
  };
}

function findKernelConfig(env: Readonly<Record<string, string | undefined>>): {
  kernel: KernelConfig;
  notes: string[];
} {
  const wanted = env['CONFIG'] || '/proc/config.gz';
  const first = readKernelConfig(wanted);
  if (first) return { kernel: first, notes: [] };
  const searching = `Kernel configuration not found at ${wanted}; searching...`;
  const found = kernelConfigCandidates(release()).findLast(existsSync);
  const kernel = found === undefined ? undefined : readKernelConfig(found);
  if (kernel) return { kernel, notes: [searching, `Kernel configuration found at ${kernel.path}`] };
  throw new TslxcError('NO_KERNEL_CONFIG', 'unable to retrieve kernel configuration', {
    hint: `load the module ${env['MODNAME'] || 'configs'}, install the kernel's headers, or name its config: CONFIG=<path> tslxc-checkconfig`,
  });
}

function check(
  kernel: KernelConfig,
  label: string,
  option: string,
  more: { required?: boolean; module?: string } = {},
): Check {
  const isSet = kernel.isSet(option);
  const result = isSet ? 'enabled' : more.required ? 'required' : 'missing';
  // LXC asks for modules of what is enabled only.
  const loaded = isSet && more.module !== undefined ? isLoaded(more.module) : undefined;
  return { label, result, ...(loaded === undefined ? {} : { loaded }) };
}

function enabled(label: string): Check {
  return { label, result: 'enabled' };
}

function isLoaded(module: string): boolean | undefined {
  if (!existsSync('/proc/modules')) return undefined;
  return new RegExp(`^${module}`, 'm').test(readFileSync('/proc/modules', 'utf8'));
}

function namespaceChecks(kernel: KernelConfig): Check[] {
  return [
    check(kernel, 'Namespaces', 'CONFIG_NAMESPACES', { required: true }),
    check(kernel, 'Utsname namespace', 'CONFIG_UTS_NS'),
    check(kernel, 'Ipc namespace', 'CONFIG_IPC_NS', { required: true }),
    check(kernel, 'Pid namespace', 'CONFIG_PID_NS', { required: true }),
    check(kernel, 'User namespace', 'CONFIG_USER_NS'),
  ];
}

/** What plain users' containers lack: the helpers that write their id maps. */
function helperWarnings(env: Readonly<Record<string, string | undefined>>): string[] {
  return ['newuidmap', 'newgidmap'].flatMap(helper => {
    const file = inPath(helper, env['PATH'] ?? '');
    if (file === undefined) return [`${helper} is not installed`];
    return (statSync(file).mode & constants.S_IXUSR) !== 0 && (statSync(file).mode & 0o4000) === 0
      ? [`Warning: ${helper} is not setuid-root`]
      : [];
  });
}

function inPath(program: string, path: string): string | undefined {
  return path
    .split(':')
    .map(directory => `${directory}/${program}`)
    .find(file => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function cgroupChecks(kernel: KernelConfig): (Check | string)[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map(line => line.split(' '));
  const of = (type: string) => mounts.filter(([, , is]) => is === type).map(([, point]) => point as string);
  const [v1, v2] = [of('cgroup'), of('cgroup2')];
  return [
    check(kernel, 'Cgroups', 'CONFIG_CGROUPS'),
    { label: 'Cgroup namespace', result: existsSync('/proc/self/ns/cgroup') ? 'enabled' : 'missing' },
    'Cgroup v1 mount points: ',
    ...v1.map(point => ` - ${point}`),
    'Cgroup v2 mount points: ',
    ...v2.map(point => ` - ${point}`),
    ...(v2.length === 1 && v2[0] === '/sys/fs/cgroup' ? [] : v1Checks(v1)),
    check(kernel, 'Cgroup device', 'CONFIG_CGROUP_DEVICE'),
    check(kernel, 'Cgroup sched', 'CONFIG_CGROUP_SCHED'),
    check(kernel, 'Cgroup cpu account', 'CONFIG_CGROUP_CPUACCT'),
    check(kernel, 'Cgroup memory controller', 'CONFIG_MEMCG'),
    ...(kernel.isSet('CONFIG_SMP') ? [check(kernel, 'Cgroup cpuset', 'CONFIG_CPUSETS')] : []),
  ];
}

/** Hosts that still have v1: what LXC notes about it. */
function v1Checks(points: readonly string[]): Check[] {
  const missing = ['systemd', 'freezer'].filter(name => !points.some(point => point.includes(`/${name}`)));
  const hasClone = points[0] !== undefined && existsSync(`${points[0]}/cgroup.clone_children`);
  return [
    ...missing.map((name): Check => ({ label: `Cgroup v1 ${name} controller`, result: 'missing' })),
    ...(hasClone ? [enabled('Cgroup v1 clone_children flag')] : []),
  ];
}

const MISC = [
  ['Veth pair device', 'CONFIG_VETH', 'veth'],
  ['Macvlan', 'CONFIG_MACVLAN', 'macvlan'],
  ['Vlan', 'CONFIG_VLAN_8021Q', '8021q'],
  ['Bridges', 'CONFIG_BRIDGE', 'bridge'],
  ['Advanced netfilter', 'CONFIG_NETFILTER_ADVANCED', 'nf_tables'],
  ['CONFIG_IP_NF_TARGET_MASQUERADE', 'CONFIG_IP_NF_TARGET_MASQUERADE', 'nf_nat_masquerade_ipv4'],
  ['CONFIG_IP6_NF_TARGET_MASQUERADE', 'CONFIG_IP6_NF_TARGET_MASQUERADE', 'nf_nat_masquerade_ipv6'],
  ['CONFIG_NETFILTER_XT_TARGET_CHECKSUM', 'CONFIG_NETFILTER_XT_TARGET_CHECKSUM', 'xt_CHECKSUM'],
  ['CONFIG_NETFILTER_XT_MATCH_COMMENT', 'CONFIG_NETFILTER_XT_MATCH_COMMENT', 'xt_comment'],
  ['FUSE (for use with lxcfs)', 'CONFIG_FUSE_FS', 'fuse'],
] as const;

const CHECKPOINT = [
  ['checkpoint restore', 'CONFIG_CHECKPOINT_RESTORE'],
  ['CONFIG_FHANDLE', 'CONFIG_FHANDLE'],
  ['CONFIG_EVENTFD', 'CONFIG_EVENTFD'],
  ['CONFIG_EPOLL', 'CONFIG_EPOLL'],
  ['CONFIG_UNIX_DIAG', 'CONFIG_UNIX_DIAG'],
  ['CONFIG_INET_DIAG', 'CONFIG_INET_DIAG'],
  ['CONFIG_PACKET_DIAG', 'CONFIG_PACKET_DIAG'],
  ['CONFIG_NETLINK_DIAG', 'CONFIG_NETLINK_DIAG'],
] as const;
