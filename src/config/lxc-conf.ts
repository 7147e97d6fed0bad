// LXC's system configuration, lxc.conf (lxc-config-keys 3), and what lxc-config shows of it.

export interface SystemConfig {
  readonly 'lxc.lxcpath': string;
  readonly 'lxc.default_config': string;
  readonly 'lxc.cgroup.pattern'?: string;
  readonly 'lxc.cgroup.use'?: string;
  readonly 'lxc.bdev.lvm.vg': string;
  readonly 'lxc.bdev.lvm.thin_pool': string;
  readonly 'lxc.bdev.zfs.root': string;
  readonly 'lxc.bdev.rbd.rbdpool': string;
  readonly 'lxc.bdev.rbd.rbduser'?: string;
}

/** In the order of `lxc-config -l`, which decides what an abbreviated key means. */
const LISTED = [
  'lxc.default_config',
  'lxc.lxcpath',
  'lxc.bdev.lvm.vg',
  'lxc.bdev.lvm.thin_pool',
  'lxc.bdev.zfs.root',
  'lxc.cgroup.use',
  'lxc.cgroup.pattern',
] as const satisfies readonly (keyof SystemConfig)[];
const READ: readonly string[] = [...LISTED, 'lxc.bdev.rbd.rbdpool', 'lxc.bdev.rbd.rbduser'];

/** What holds where lxc.conf says nothing. */
export function defaultSystemConfig(lxcpath: string, defaultConfig: string): SystemConfig {
  return {
    'lxc.lxcpath': lxcpath,
    'lxc.default_config': defaultConfig,
    'lxc.bdev.lvm.vg': 'lxc',
    'lxc.bdev.lvm.thin_pool': 'lxc',
    'lxc.bdev.zfs.root': 'lxc',
    'lxc.bdev.rbd.rbdpool': 'lxc',
  };
}

/** `key = value` lines; `#` in column 1 is a comment, the first line of a key wins, empty values and foreign lines count for nothing. */
export function parseSystemConfig(text: string, fallback: SystemConfig): SystemConfig {
  const said: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (line.startsWith('#') || equals < 0) continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (READ.includes(key) && value !== '' && !Object.hasOwn(said, key)) said[key] = value;
  }
  const config: SystemConfig = { ...fallback, ...said };
  return { ...config, 'lxc.lxcpath': config['lxc.lxcpath'].replace(/(?<=.)\/+$/, '') };
}

/** The names that `lxc-config -l` prints. */
export function systemKeys(): readonly string[] {
  return LISTED;
}

/**
 * What `lxc-config KEY` finds: only the typed length is compared and the first of the list wins, so `lxc` is lxc.default_config.
 * undefined: unknown; without `value`: the key is not set.
 */
export function readSystemKey(
  config: SystemConfig,
  typed: string,
): { readonly key: string; readonly value?: string } | undefined {
  const key = LISTED.find(candidate => candidate.startsWith(typed));
  if (key === undefined || typed === '') return undefined;
  const value = config[key];
  return value === undefined ? { key } : { key, value };
}
