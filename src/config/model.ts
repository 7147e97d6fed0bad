// The typed form of a container's config: what the parser makes and the planner reads. Nothing here does anything.

import type { Origin } from '../base/errors.ts';

/** A value and where it was said. Defaults carry `{ rule }`. */
export interface Setting<T> {
  readonly value: T;
  readonly origin: Origin;
}

export const NAMESPACE_WORDS = ['mnt', 'pid', 'uts', 'ipc', 'user', 'net', 'cgroup', 'time'] as const;
export type NamespaceWord = (typeof NAMESPACE_WORDS)[number];

export const HOOK_TYPES = [
  'pre-start',
  'pre-mount',
  'mount',
  'autodev',
  'start-host',
  'start',
  'stop',
  'post-stop',
  'clone',
  'destroy',
] as const;
export type HookType = (typeof HOOK_TYPES)[number];

export interface IdMapping {
  readonly kind: 'u' | 'g';
  readonly nsId: number;
  readonly hostId: number;
  readonly count: number;
}

/** One fstab line (lxc.mount.entry, lxc.mount.fstab), fields unescaped. */
export interface MountEntry {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
  /** The line as it was written, for reading back and for saving. */
  readonly written?: string;
}

export type MountAutoMode = 'mixed' | 'ro' | 'rw';
/** lxc.mount.auto, accumulated; the later word of one family wins. */
export interface MountAuto {
  readonly proc?: Setting<'mixed' | 'rw'>;
  readonly sys?: Setting<MountAutoMode>;
  /** `default` is the bare word: rw if CAP_SYS_ADMIN is kept, else mixed. */
  readonly cgroup?: Setting<{
    readonly family: 'cgroup' | 'cgroup-full' | 'cgroup2';
    readonly mode: MountAutoMode | 'default';
    readonly force: boolean;
  }>;
  readonly shmounts?: Setting<{ readonly host: string; readonly container: string }>;
}

/** TYPE:SPEC of lxc.rootfs.path; `type` is undefined when it was not said and must be detected. */
export interface RootfsPath {
  readonly type: 'dir' | 'overlay' | 'loop' | 'lvm' | 'btrfs' | 'zfs' | 'rbd' | 'nbd' | undefined;
  readonly spec: string;
}

export type NetType = 'veth' | 'vlan' | 'macvlan' | 'ipvlan' | 'phys' | 'empty' | 'none';

export interface NetAddress {
  readonly address: string;
  readonly prefix: number;
  readonly broadcast?: string;
}

/** One `lxc.net.<index>` interface. */
export interface NetConfig {
  readonly index: number;
  readonly type: Setting<NetType>;
  readonly up: boolean;
  readonly link?: Setting<string>;
  readonly name?: Setting<string>;
  /** May hold `x` digits, each for a random one: create expands them when it saves, the planner where it did not. */
  readonly hwaddr?: Setting<string>;
  readonly mtu?: Setting<number>;
  readonly l2proxy?: Setting<boolean>;
  readonly ipv4: readonly Setting<NetAddress>[];
  readonly ipv6: readonly Setting<NetAddress>[];
  /** An address, `auto` or `dev`. */
  readonly ipv4Gateway?: Setting<string>;
  readonly ipv6Gateway?: Setting<string>;
  readonly scriptUp?: Setting<string>;
  readonly scriptDown?: Setting<string>;
  readonly veth?: {
    readonly mode: Setting<'bridge' | 'router'>;
    readonly pair?: Setting<string>;
    readonly ipv4Routes: readonly Setting<string>[];
    readonly ipv6Routes: readonly Setting<string>[];
    readonly vlanId?: Setting<number | 'none'>;
    readonly vlanTaggedIds: readonly Setting<number>[];
    readonly rxQueues?: Setting<number>;
    readonly txQueues?: Setting<number>;
  };
  readonly vlanId?: Setting<number>;
  readonly macvlanMode?: Setting<string>;
  readonly ipvlan?: { readonly mode?: Setting<string>; readonly isolation?: Setting<string> };
}

/** A file of a control group and what is written to it (lxc.cgroup.FILE, lxc.cgroup2.FILE), in config order. */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
}

export interface ContainerConfig {
  readonly arch?: Setting<string>;
  readonly utsName?: Setting<string>;
  readonly init: {
    readonly cmd: Setting<string>;
    readonly cwd: Setting<string>;
    readonly uid: Setting<number>;
    readonly gid: Setting<number>;
    readonly groups: readonly Setting<number>[];
  };
  readonly executeCmd?: Setting<string>;
  /** Signal numbers; undefined means the default that the guest's init decides. */
  readonly signal: {
    readonly halt?: Setting<number>;
    readonly reboot?: Setting<number>;
    readonly stop?: Setting<number>;
  };
  readonly ephemeral: Setting<boolean>;
  /** VAR=VALUE, inherited values filled in by the loader. */
  readonly environment: readonly Setting<string>[];
  readonly environmentRuntime: readonly Setting<string>[];
  readonly environmentHooks: readonly Setting<string>[];
  /** lxc.keyring.session as the code means it: true = do not create a session keyring. */
  readonly keyringInherit: Setting<boolean>;
  readonly schedCore: Setting<boolean>;
  /** Nanoseconds; a time namespace exists when either is set. */
  readonly timeOffset: { readonly boot?: Setting<bigint>; readonly monotonic?: Setting<bigint> };
  readonly console: {
    /** undefined: a pty; `none`: no console; else a path. */
    readonly path?: Setting<string>;
    readonly logfile?: Setting<string>;
    /** Bytes; 0 = unlimited. */
    readonly size: Setting<number>;
    /** Bytes; 0 = no ring buffer was asked for. */
    readonly bufferSize: Setting<number>;
    readonly rotate: Setting<boolean>;
  };
  readonly tty: { readonly max: Setting<number>; readonly dir?: Setting<string> };
  readonly ptyMax: Setting<number>;
  readonly start: {
    readonly auto: Setting<boolean>;
    /** Seconds. */
    readonly delay: Setting<number>;
    readonly order: Setting<number>;
  };
  readonly groups: readonly Setting<string>[];
  readonly monitor: { readonly unshare: Setting<boolean>; readonly pdeathSignal: Setting<number> };
  readonly log: {
    readonly level?: Setting<number>;
    readonly file?: Setting<string>;
    readonly syslog?: Setting<string>;
  };
  readonly rootfs: {
    readonly path?: Setting<RootfsPath>;
    readonly mount?: Setting<string>;
    readonly options: readonly Setting<string>[];
    readonly managed: Setting<boolean>;
  };
  readonly mount: {
    readonly fstab?: Setting<string>;
    readonly entries: readonly Setting<MountEntry>[];
    readonly auto: MountAuto;
  };
  readonly autodev: Setting<boolean>;
  readonly autodevTmpfsSizeBytes: Setting<number>;
  readonly hooks: Readonly<Record<HookType, readonly Setting<string>[]>>;
  readonly hookVersion: Setting<0 | 1>;
  readonly namespace: {
    readonly clone?: Setting<readonly NamespaceWord[]>;
    readonly keep?: Setting<readonly NamespaceWord[]>;
    readonly share: Readonly<Partial<Record<NamespaceWord, Setting<string>>>>;
  };
  readonly cgroup: {
    readonly v1: readonly Setting<CgroupWrite>[];
    readonly v2: readonly Setting<CgroupWrite>[];
    readonly dir?: Setting<string>;
    readonly dirContainer?: Setting<string>;
    readonly dirMonitor?: Setting<string>;
    readonly dirMonitorPivot?: Setting<string>;
    readonly dirContainerInner?: Setting<string>;
    readonly relative: Setting<boolean>;
  };
  readonly cap: {
    readonly drop: readonly Setting<string>[];
    /** undefined: lxc.cap.keep is not in use; an empty list keeps nothing. */
    readonly keep?: readonly Setting<string>[];
  };
  readonly noNewPrivs: Setting<boolean>;
  /** Soft and hard; undefined = unlimited. Key is the resource word. */
  readonly prlimit: ReadonlyMap<string, Setting<{ readonly soft?: bigint; readonly hard?: bigint }>>;
  /** Key without `lxc.sysctl.`. */
  readonly sysctl: ReadonlyMap<string, Setting<string>>;
  /** Key without `lxc.proc.`. */
  readonly proc: ReadonlyMap<string, Setting<string>>;
  readonly apparmor: {
    readonly profile?: Setting<string>;
    readonly allowIncomplete: Setting<boolean>;
    readonly allowNesting: Setting<boolean>;
    readonly raw: readonly Setting<string>[];
  };
  readonly selinux: { readonly context?: Setting<string>; readonly contextKeyring?: Setting<string> };
  readonly seccomp: {
    readonly profile?: Setting<string>;
    readonly allowNesting: Setting<boolean>;
    readonly notifyProxy?: Setting<string>;
    readonly notifyCookie?: Setting<string>;
  };
  readonly idmap: readonly Setting<IdMapping>[];
  /** In index order. */
  readonly net: readonly NetConfig[];
}
