// Keys from before LXC 2.1, and what they are called now (lxc-config-keys 10).

const RENAMED: Readonly<Record<string, string>> = {
  'lxc.rootfs': 'lxc.rootfs.path',
  'lxc.id_map': 'lxc.idmap',
  'lxc.pts': 'lxc.pty.max',
  'lxc.tty': 'lxc.tty.max',
  'lxc.devttydir': 'lxc.tty.dir',
  'lxc.aa_profile': 'lxc.apparmor.profile',
  'lxc.aa_allow_incomplete': 'lxc.apparmor.allow_incomplete',
  'lxc.se_context': 'lxc.selinux.context',
  'lxc.mount': 'lxc.mount.fstab',
  'lxc.utsname': 'lxc.uts.name',
  'lxc.seccomp': 'lxc.seccomp.profile',
  'lxc.console': 'lxc.console.path',
  'lxc.haltsignal': 'lxc.signal.halt',
  'lxc.rebootsignal': 'lxc.signal.reboot',
  'lxc.stopsignal': 'lxc.signal.stop',
  'lxc.syslog': 'lxc.log.syslog',
  'lxc.loglevel': 'lxc.log.level',
  'lxc.logfile': 'lxc.log.file',
  'lxc.init_cmd': 'lxc.init.cmd',
  'lxc.init_uid': 'lxc.init.uid',
  'lxc.init_gid': 'lxc.init.gid',
  'lxc.limit': 'lxc.prlimit',
};
const DROPPED = new Set(['lxc.pivotdir', 'lxc.kmsg', 'lxc.rootfs.backend']);

/** What a key of an old config means today; undefined: it is no old key. */
export type LegacyKey =
  | { readonly key: string }
  /** lxc.network.SUB, of the last interface that was opened. */
  | { readonly nic: 'open' | 'last'; readonly subkey: string }
  | { readonly dropped: true };

/** The meaning of an old key. */
export function legacyKey(key: string): LegacyKey | undefined {
  if (Object.hasOwn(RENAMED, key)) return { key: RENAMED[key] ?? key };
  if (DROPPED.has(key)) return { dropped: true };
  if (key.startsWith('lxc.limit.')) return { key: `lxc.prlimit.${key.slice('lxc.limit.'.length)}` };
  if (key === 'lxc.network') return { key: 'lxc.net' };
  if (!key.startsWith('lxc.network.')) return undefined;
  const rest = key.slice('lxc.network.'.length);
  const indexed = /^(\d+)(?:\.(.+))?$/.exec(rest);
  if (indexed)
    return { key: `lxc.net.${indexed[1]}${indexed[2] === undefined ? '' : `.${subkeyNow(indexed[2])}`}` };
  return { nic: rest === 'type' ? 'open' : 'last', subkey: subkeyNow(rest) };
}

function subkeyNow(subkey: string): string {
  return subkey === 'ipv4' || subkey === 'ipv6' ? `${subkey}.address` : subkey;
}

/** The rootfs of an old config: TYPE of lxc.rootfs.backend before the path, unless the path has one. */
export function legacyRootfs(path: string, backend: string | undefined): string {
  return backend === undefined || !path.startsWith('/') ? path : `${backend}:${path}`;
}

/** Names of today for the keys of a config, line by line: `lxc.network.type` opens an interface, what follows belongs to it. */
export class LegacyNames {
  #last = -1;

  /** The name of today; undefined: the key means nothing any more. */
  today(key: string, value: string): string | undefined {
    const now = this.#rename(key);
    const index = /^lxc\.net\.(\d+)\./.exec(now ?? '')?.[1];
    if (index !== undefined) this.#last = Math.max(this.#last, Number(index));
    if (now === 'lxc.net' && value === '') this.#last = -1;
    return now;
  }

  #rename(key: string): string | undefined {
    const old = legacyKey(key);
    if (!old) return key;
    if ('dropped' in old) return undefined;
    if ('key' in old) return old.key;
    // Before the first type there is no interface that a line could mean: the old name stays and is unknown.
    if (old.nic === 'last' && this.#last < 0) return key;
    return `lxc.net.${old.nic === 'open' ? this.#last + 1 : this.#last}.${old.subkey}`;
  }
}
