// What a plan may know about the host and the guest: plain data, so that it can be written to a file and compared.

import type { MountEntry, NamespaceWord, Setting } from '../config/model.ts';

/** One mounted v1 hierarchy: /sys/fs/cgroup/memory holding ['memory'], /sys/fs/cgroup/systemd holding ['name=systemd']. */
export interface CgroupHierarchy {
  readonly mount: string;
  readonly controllers: readonly string[];
  /** The caller's own place in it, from /proc/self/cgroup. */
  readonly ownPath: string;
  /** Whether the caller may make directories at the root and at its own place. */
  readonly writable: { readonly root: boolean; readonly own: boolean };
  /** v2: what cgroup.subtree_control already enables at the root and at the caller's own place; empty on v1. */
  readonly enabled: { readonly root: readonly string[]; readonly own: readonly string[] };
}

/** An interface of the host, as far as a container's link may rest on it. */
export interface HostLink {
  readonly name: string;
  readonly bridge: boolean;
  readonly mtu: number;
  /** Its first address of the family, for `gateway = auto`. */
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export interface HostFacts {
  /** uname -r and -m. */
  readonly kernelRelease: string;
  readonly machine: string;
  /** Effective uid of who starts. */
  readonly uid: number;
  readonly gid: number;
  readonly cgroup: {
    readonly layout: 'v1' | 'hybrid' | 'v2' | 'none';
    readonly v1: readonly CgroupHierarchy[];
    readonly v2?: CgroupHierarchy;
  };
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** Names of the namespaces in /proc/self/ns. */
  readonly namespaces: readonly string[];
  /** Number of the last capability the kernel knows (/proc/sys/kernel/cap_last_cap). */
  readonly lastCap: number;
  /** The caller's bounding set, as a 64-bit mask in hex. */
  readonly boundingSet: string;
  /** Hard limits of the caller by resource word; absent = unlimited. */
  readonly hardLimits: Readonly<Record<string, number>>;
  /** Soft limit of open files of whoever called us: Node raises its own to the hard one. Absent where it cannot be read. */
  readonly callerOpenFiles?: number;
  /** Interfaces of the host and what they are. */
  readonly links: readonly HostLink[];
  /** Character devices of the host's /dev that a container gets by bind. */
  readonly deviceNodes: readonly string[];
  /** Which of the files below /proc that a start guards or masks this kernel has, without the leading /proc. */
  readonly procFiles: readonly string[];
  readonly vsyscall: boolean;
  readonly ipv6: boolean;
}

export type InitKind = 'systemd' | 'openrc' | 'busybox' | 'sysvinit' | 'upstart' | 'other' | 'missing';

/** What `tslxc-executor probe` reads from a stopped container's tree. */
export interface GuestFacts {
  readonly init: {
    readonly kind: InitKind;
    /** systemd's version number. */
    readonly version?: number;
    /** Where init was found and its identity, for the `expect_file` op; absent when there is none. */
    readonly file?: {
      readonly layer: string;
      readonly path: string;
      readonly dev: number;
      readonly ino: number;
      readonly size: number;
      readonly mtimeNs: string;
    };
  };
  /** The filesystem under the rootfs accepts idmapped mounts (found out by doing). */
  readonly idmappable: boolean;
  /** Ids on disk are the container's own (0 = root), or shifted into its range. */
  readonly stored: 'unshifted' | 'shifted';
  /** The init program is a 32-bit one. */
  readonly is32Bit: boolean;
}

/** What the caller of a start decides, apart from config and facts. */
export interface LaunchInput {
  readonly name: string;
  readonly lxcpath: string;
  /** P/N/config or the rcfile, for hooks. */
  readonly configFile: string;
  /** The run directory of this container: /run/tslxc/<key>. */
  readonly runDir: string;
  /** Where the root is mounted before pivot when lxc.rootfs.mount is not set; must be reachable by every id. */
  readonly rootfsMount: string;
  /** Unique suffix of names that the kernel shares over all lxcpaths; empty for the default lxcpath. */
  readonly suffix: string;
  /** The lines of lxc.mount.fstab, where it is set. */
  readonly fstab?: readonly Setting<MountEntry>[];
  /** Replaces lxc.init.cmd (`tslxc-start -- CMD`). */
  readonly command?: readonly string[];
  /** Compiled seccomp filter, if a profile applies. */
  readonly seccomp?: Uint8Array;
  /** The namespaces to join, pinned. */
  readonly share: readonly {
    readonly kind: NamespaceWord;
    /** /proc/PID/ns/KIND */
    readonly path: string;
    readonly dev: number;
    readonly ino: number;
  }[];
  /** A plain user's start: where newuidmap and newgidmap are. */
  readonly mapHelpers?: { readonly uid: string; readonly gid: string };
  readonly bootId: string;
  readonly foreground: boolean;
}

/** A running container, as attach finds it. */
export interface RunningFacts {
  readonly pid: number;
  /** Clock ticks since boot: with the pid it names one process. */
  readonly starttime: bigint;
  /** Namespaces of init that are not the caller's. */
  readonly namespaces: readonly NamespaceWord[];
  /** The payload in each hierarchy that the caller may write to. */
  readonly payloads: readonly { readonly version: 1 | 2; readonly path: string }[];
  /** Whether its user namespace maps uid 0 and gid 0; without, attach defaults to init's ids. */
  readonly mapsRoot: boolean;
  /** Init's bounding set: what attaches never has more, whatever the config says by now. */
  readonly capBounding: bigint;
  /** Init can gain nothing by exec. */
  readonly noNewPrivs: boolean;
}

/** What the caller of an attach decides (lxc-commands 3.1). */
export interface AttachInput {
  /** A word of its own for this attach, to name its control group by. */
  readonly id: string;
  /** The words of -e that are lifted. */
  readonly elevated: readonly ('CAP' | 'CGROUP' | 'LSM')[];
  /** -s: only these; lifts all restrictions. */
  readonly namespaces?: readonly NamespaceWord[];
  /** -R: fresh /proc and /sys where the mount namespace is not joined. */
  readonly remount: boolean;
  readonly command?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clearEnv: boolean;
  readonly keepVars: readonly string[];
  /** VAR=VALUE */
  readonly setVars: readonly string[];
  readonly cwd: string;
  readonly umask: number;
  /** Which of 0, 1 and 2 are terminals. */
  readonly terminals: readonly [boolean, boolean, boolean];
  readonly ptyLog?: string;
  readonly arch?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** SELinux context. */
  readonly context?: string;
  /** The filter that the running container has. */
  readonly seccomp?: Uint8Array;
}
