// tslxc's own settings: /etc/tslxc/tslxc.yaml (or the file that TSLXC_SETTINGS names), and LXC's lxc.conf when called by its names.
// etc/tslxc.yaml documents every setting.

import { TslxcError } from '../base/errors.ts';
import { defaultSystemConfig, parseSystemConfig, type SystemConfig } from './lxc-conf.ts';
import type { SettingsTree } from './settings-schema.ts';
import { type ConfigSource, hostFiles, readFailure } from './source.ts';

export interface NetworkSettings {
  /** The bridge that is made on demand. */
  readonly bridge: string;
  /** `auto`: a free private /20; else ADDRESS/PREFIX of the bridge. */
  readonly ipv4: string;
  /** `auto`: a unique local /64; `none`; else ADDRESS/PREFIX of the bridge. */
  readonly ipv6: string;
  /** DNS domain of the containers, if any. */
  readonly domain?: string;
  /** Name of the nft table. */
  readonly table: string;
  readonly leasesDir: string;
}

export interface Settings {
  readonly flavour: Flavour;
  /** Where containers are; without trailing slashes. */
  readonly lxcpath: string;
  /** Holds `.ids` and `.images`. */
  readonly stateDir: string;
  readonly runDir: string;
  readonly cacheDir: string;
  /** Start value of new containers; the file need not exist. */
  readonly defaultConfig: string;
  readonly subuidFile: string;
  readonly subgidFile: string;
  readonly network: NetworkSettings;
  /** Image servers of the user's own, the preferred one first; `key` is a keyring. */
  readonly imageServers: readonly { readonly url: string; readonly key?: string }[];
  /** What `tslxc-config` shows: LXC's system configuration. */
  readonly system: SystemConfig;
  /** The file that was read; undefined when there was none. */
  readonly file: string | undefined;
}

export type Flavour = 'tslxc' | 'lxc';

export interface SettingsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flavour: Flavour;
  /** Effective uid: root has the host's paths, others their own. */
  readonly uid: number;
  /** Default: HOME of `env`. */
  readonly home?: string;
  readonly source?: ConfigSource;
}

/** The settings of a caller; throws SETTINGS_INVALID with file:line:column, SETTINGS_UNREADABLE, NO_HOME. */
export async function loadSettings(options: SettingsOptions): Promise<Settings> {
  const base = baseDirectories(options);
  const named = options.env['TSLXC_SETTINGS'];
  const file = named || `${base.config}/tslxc.yaml`;
  const text = readIfThere(options.source ?? hostFiles, file, named !== undefined && named !== '');
  const tree = text === undefined ? {} : await parseSettings(text, file);
  const settings = withDefaults(tree, base, options, text === undefined ? undefined : file);
  return options.flavour === 'lxc' ? asLxc(settings, tree, options) : settings;
}

/** A file of nothing but comments needs no YAML parser, whose loading would be the longest part of a short verb. */
async function parseSettings(text: string, file: string): Promise<SettingsTree> {
  if (text.split('\n').every(line => /^\s*(#.*)?$/.test(line))) return {};
  const { parseSettingsText } = await import('./settings-schema.ts');
  return parseSettingsText(text, file);
}

interface BaseDirectories {
  readonly config: string;
  readonly lxcpath: string;
  readonly run: string;
  readonly cache: string;
  readonly lxcConfig: string;
}

function baseDirectories({ env, uid, home = env['HOME'] }: SettingsOptions): BaseDirectories {
  if (uid === 0)
    return {
      config: '/etc/tslxc',
      lxcpath: '/var/lib/tslxc',
      run: '/run/tslxc',
      cache: '/var/cache/tslxc',
      lxcConfig: '/etc/lxc',
    };
  if (!home?.startsWith('/'))
    throw new TslxcError('NO_HOME', 'HOME is not set to an absolute path', {
      hint: 'Containers of a plain user live below HOME',
    });
  return {
    config: `${home}/.config/tslxc`,
    lxcpath: `${home}/.local/share/tslxc`,
    run: `${env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`}/tslxc`,
    cache: `${home}/.cache/tslxc`,
    lxcConfig: `${home}/.config/lxc`,
  };
}

function withDefaults(
  tree: SettingsTree,
  base: BaseDirectories,
  options: SettingsOptions,
  file: string | undefined,
): Settings {
  const stateDir = tree.state_dir ?? base.lxcpath;
  const lxcpath = tree.lxcpath ?? base.lxcpath;
  const defaultConfig = tree.default_config ?? `${base.config}/default.conf`;
  const network = tree.network ?? {};
  return {
    flavour: options.flavour,
    lxcpath,
    stateDir,
    runDir: tree.run_dir ?? base.run,
    cacheDir: cacheOfCaller(options) ?? tree.cache_dir ?? base.cache,
    defaultConfig,
    subuidFile: tree.subuid_file ?? '/etc/subuid',
    subgidFile: tree.subgid_file ?? '/etc/subgid',
    network: {
      bridge: network.bridge ?? 'tslxcbr0',
      ipv4: network.ipv4 ?? 'auto',
      ipv6: network.ipv6 ?? 'auto',
      ...(network.domain === undefined ? {} : { domain: network.domain }),
      table: network.table ?? 'tslxc',
      leasesDir: network.leases_dir ?? `${stateDir}/.network`,
    },
    imageServers: tree.image_servers ?? [],
    system: defaultSystemConfig(lxcpath, defaultConfig),
    file,
  };
}

/** A command that a template runs uses the cache of whoever runs the template, who may be another user than it seems in there. */
function cacheOfCaller({ env }: SettingsOptions): string | undefined {
  const named = env['TSLXC_CACHE'];
  return named?.startsWith('/') ? named : undefined;
}

/** Called as lxc-*: LXC's own paths for containers and defaults; ids, run state and network stay ours. */
function asLxc(settings: Settings, tree: SettingsTree, options: SettingsOptions): Settings {
  const base = baseDirectories(options);
  const lxcpath =
    options.uid === 0 ? '/var/lib/lxc' : `${options.home ?? options.env['HOME']}/.local/share/lxc`;
  const text =
    readIfThere(options.source ?? hostFiles, tree.lxc_conf ?? `${base.lxcConfig}/lxc.conf`, false) ?? '';
  const system = parseSystemConfig(text, defaultSystemConfig(lxcpath, `${base.lxcConfig}/default.conf`));
  return { ...settings, lxcpath: system['lxc.lxcpath'], defaultConfig: system['lxc.default_config'], system };
}

function readIfThere(source: ConfigSource, file: string, required: boolean): string | undefined {
  try {
    return source.read(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!required && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
    throw new TslxcError('SETTINGS_UNREADABLE', `cannot read ${file}: ${readFailure(error)}`, {
      cause: error,
    });
  }
}
