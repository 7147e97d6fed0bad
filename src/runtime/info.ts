// What there is to know about one container.

import { networkOf } from '../host/network-of.ts';
import { vethName } from '../plan/names.ts';
import { loadPlaceConfig } from './config.ts';
import type { Place } from './place.ts';
import { HostView, type Observed, observe } from './state.ts';
import { type LinkStatistics, linkStatistics, readStatistics, type Statistics } from './statistics.ts';

export interface ContainerInfo extends Observed {
  readonly name: string;
  readonly interfaces: readonly string[];
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  readonly statistics: Statistics;
  readonly links: readonly LinkStatistics[];
}

/** Everything but the name and state is empty for a container that does not run. Reads only. */
export async function containerInfo(place: Place, view = new HostView()): Promise<ContainerInfo> {
  const observed = observe(place, view);
  const { initPid } = observed;
  if (initPid === undefined) {
    return { name: place.name, ...observed, interfaces: [], ipv4: [], ipv6: [], statistics: {}, links: [] };
  }
  return {
    name: place.name,
    ...observed,
    ...networkOf(initPid),
    statistics: readStatistics(place, initPid, view.mounts),
    links: await hostLinks(place),
  };
}

/** The host's ends of its veths; a config that does not load has none. */
async function hostLinks(place: Place): Promise<LinkStatistics[]> {
  const config = await loadPlaceConfig(place).catch(() => undefined);
  const veths = (config?.net ?? []).filter(({ type }) => type.value === 'veth');
  return veths
    .map(({ index, veth }) => veth?.pair?.value ?? vethName(place.lxcpath, place.name, index))
    .map(linkStatistics)
    .filter(link => link !== undefined);
}
