// All containers of one lxcpath: the defined ones, and those that run without a config of their own there.

import { existsSync, readdirSync } from 'node:fs';
import type { ContainerConfig } from '../config/model.ts';
import type { Settings } from '../config/settings.ts';
import { networkOf } from '../host/network-of.ts';
import { loadPlaceConfig } from './config.ts';
import type { ContainerInfo } from './info.ts';
import { type Place, placeOf } from './place.ts';
import { HostView, observe } from './state.ts';
import { readStatistics } from './statistics.ts';

export interface ListedContainer extends Omit<ContainerInfo, 'links'> {
  readonly defined: boolean;
  readonly autostart: boolean;
  readonly groups: readonly string[];
  /** Has an id map. */
  readonly unprivileged: boolean;
}

/** Sorted names. An lxcpath that does not exist holds none. */
export function containerNames(lxcpath: string, view = new HostView()): string[] {
  return [...new Set([...definedNames(lxcpath), ...activeNames(lxcpath, view)])].sort();
}

function definedNames(lxcpath: string): string[] {
  try {
    const entries = readdirSync(lxcpath).filter(name => !name.startsWith('.'));
    return entries.filter(name => existsSync(`${lxcpath}/${name}/config`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Whose monitor, ours or LXC's, is listening now. */
function activeNames(lxcpath: string, view: HostView): string[] {
  const end = '/command';
  return [...view.addresses]
    .filter(address => address.startsWith(`${lxcpath}/`) && address.endsWith(end))
    .map(address => address.slice(lxcpath.length + 1, -end.length))
    .filter(name => name !== '' && !name.includes('/'));
}

/**
 * What is known of each container, in the order of `names`; without `counted` no statistics, which take the most reading. Reads
 * only; a config that does not load counts as empty.
 */
export async function describeContainers(
  settings: Settings,
  lxcpath: string,
  names: readonly string[],
  view = new HostView(),
  counted = true,
): Promise<ListedContainer[]> {
  return await Promise.all(names.map(name => describe(placeOf(settings, name, { lxcpath }), view, counted)));
}

async function describe(place: Place, view: HostView, counted: boolean): Promise<ListedContainer> {
  const observed = observe(place, view);
  const config = await loadPlaceConfig(place, { source: view.configFiles }).catch(
    (): Partial<ContainerConfig> => ({}),
  );
  const { initPid } = observed;
  const network = initPid === undefined ? { interfaces: [], ipv4: [], ipv6: [] } : networkOf(initPid);
  return {
    name: place.name,
    ...observed,
    ...network,
    statistics: initPid === undefined || !counted ? {} : readStatistics(place, initPid, view.mounts),
    defined: existsSync(place.paths.config),
    autostart: config.start?.auto.value ?? false,
    groups: (config.groups ?? []).map(({ value }) => value),
    unprivileged: (config.idmap?.length ?? 0) > 0,
  };
}
