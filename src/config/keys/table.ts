// Every key of a container's config, and the config that they make together.

import type { Origin } from '../../base/errors.ts';
import type { ContainerConfig } from '../model.ts';
import type { Store } from '../store.ts';
import { buildCgroups, cgroupKeys, checkCgroups } from './cgroups.ts';
import type { KeyEntry } from './entry.ts';
import { buildHooks, hookKeys } from './hooks.ts';
import { buildIdentity, identityKeys } from './identity.ts';
import { buildMounts, mountKeys } from './mounts.ts';
import { buildNamespaces, namespaceKeys } from './namespaces.ts';
import { buildNet, netKeys } from './net.ts';
import { buildPrivileges, privilegeKeys } from './privileges.ts';
import { buildTerminals, terminalKeys } from './terminals.ts';

/** In the order in which a whole config is written. lxc.include is not among them: the loader follows it. */
export const KEYS: readonly KeyEntry[] = [
  ...identityKeys,
  ...terminalKeys,
  ...mountKeys,
  ...hookKeys,
  ...namespaceKeys,
  ...cgroupKeys,
  ...privilegeKeys,
  ...netKeys,
];

const exact = new Map(KEYS.map(entry => [entry.key, entry]));
const prefixes = KEYS.filter(entry => entry.prefix);

/** The entry of a key, and what follows the key of its family. */
export function findKey(key: string): { entry: KeyEntry; rest: string } | undefined {
  const entry = exact.get(key);
  if (entry) return { entry, rest: '' };
  const family = prefixes.find(candidate => key.startsWith(`${candidate.key}.`));
  return family && { entry: family, rest: key.slice(family.key.length + 1) };
}

/** The config that the lines in a store make. */
export function buildConfig(store: Store): ContainerConfig {
  return {
    ...buildIdentity(store),
    ...buildTerminals(store),
    ...buildMounts(store),
    ...buildHooks(store),
    ...buildNamespaces(store),
    ...buildCgroups(store),
    ...buildPrivileges(store),
    ...buildNet(store),
  };
}

/** What only the whole config can tell. */
export function checkConfig(config: ContainerConfig): { origin: Origin; message: string }[] {
  return checkCgroups(config);
}
