// Where a container's control groups are, in every hierarchy of the host.

import type { ContainerConfig } from '../config/model.ts';
import type { CgroupHierarchy, HostFacts, LaunchInput } from '../facts/model.ts';
import { payloadName } from './names.ts';

export interface PayloadPaths {
  readonly hierarchy: CgroupHierarchy;
  readonly version: 1 | 2;
  /** Directories to make on the way, outermost first; the last is the payload, where limits apply. */
  readonly directories: readonly string[];
  readonly payload: string;
  /** Where the container's processes are and its cgroup namespace is rooted: the payload, or one level below. */
  readonly processes: string;
  /** The existing directory beneath which all this is. */
  readonly base: string;
  /** v2: controllers handed down to the base's children already. */
  readonly enabled: readonly string[];
}

/** Whether payloads are made beneath the caller's own groups, not at the roots of the hierarchies. */
export function inOwnGroups(config: ContainerConfig, host: HostFacts): boolean {
  return config.cgroup.relative.value || host.uid !== 0;
}

/** Controllers of v2 that a payload can have: from a group that holds the caller, nothing more can be handed down. */
export function unifiedControllers(config: ContainerConfig, host: HostFacts): readonly string[] {
  const { v2 } = host.cgroup;
  if (!v2) return [];
  return inOwnGroups(config, host) && v2.ownPath !== '/' ? v2.enabled.own : v2.controllers;
}

/** What decides the place of a payload: enough of it is kept for attach and stop to find it again. */
export type PayloadIdentity = Pick<LaunchInput, 'name' | 'suffix'>;

/** The payload in each hierarchy that the caller may write to: v2 first, where there is one. */
export function payloadPaths(
  config: ContainerConfig,
  host: HostFacts,
  identity: PayloadIdentity,
): PayloadPaths[] {
  const { v1, v2 } = host.cgroup;
  const own = inOwnGroups(config, host);
  const hierarchies = [
    ...(v2 ? [{ hierarchy: v2, version: 2 as const }] : []),
    ...v1.map(hierarchy => ({ hierarchy, version: 1 as const })),
  ];
  return hierarchies
    .filter(({ hierarchy }) => (own ? hierarchy.writable.own : hierarchy.writable.root))
    .map(({ hierarchy, version }) => placeIn(config, identity, hierarchy, version, own));
}

function placeIn(
  config: ContainerConfig,
  { name, suffix }: PayloadIdentity,
  hierarchy: CgroupHierarchy,
  version: 1 | 2,
  own: boolean,
): PayloadPaths {
  const { dir, dirContainer, dirContainerInner } = config.cgroup;
  const usual = [dir?.value, payloadName(name, suffix)].filter(part => part !== undefined).join('/');
  const names = (dirContainer?.value ?? usual).split('/').filter(part => part !== '');
  const base = own && hierarchy.ownPath !== '/' ? `${hierarchy.mount}${hierarchy.ownPath}` : hierarchy.mount;
  const directories = names.map((_, depth) => [base, ...names.slice(0, depth + 1)].join('/'));
  const payload = directories.at(-1) ?? base;
  return {
    hierarchy,
    version,
    directories,
    payload,
    processes: dirContainerInner ? `${payload}/${dirContainerInner.value}` : payload,
    base,
    enabled: own ? hierarchy.enabled.own : hierarchy.enabled.root,
  };
}
