// Hooks (lxc-config-keys 4.5).

import { type ContainerConfig, HOOK_TYPES, type HookType } from '../model.ts';
import { ValueError } from '../problem.ts';
import type { Store } from '../store.ts';
import { text, type ValueType } from '../values.ts';
import { defaulted, type KeyEntry, type ListKey, list } from './entry.ts';

const versionType: ValueType<0 | 1> = {
  parse(value) {
    if (value !== '0' && value !== '1') throw new ValueError(`neither 0 nor 1: ${value}`);
    return value === '1' ? 1 : 0;
  },
  write: String,
};

const hookList = (type: HookType): ListKey<string> => list(`lxc.hook.${type}`, text, c => c.hooks[type]);
const hooks = Object.fromEntries(HOOK_TYPES.map(type => [type, hookList(type)])) as Record<
  HookType,
  ListKey<string>
>;
const version = defaulted<0 | 1>('lxc.hook.version', versionType, 0, c => c.hookVersion);

/** `lxc.hook =` empties every list; it says nothing else. */
const allHooks: KeyEntry = {
  key: 'lxc.hook',
  set() {
    throw new ValueError('lxc.hook takes no value', {
      hint: 'Name the hook, as in lxc.hook.start; an empty lxc.hook clears all',
    });
  },
  clear(store) {
    for (const type of HOOK_TYPES) hooks[type].reset(store);
  },
  write: () => [],
  read: () => undefined,
};

export const hookKeys: readonly KeyEntry[] = [...Object.values(hooks), version, allHooks];

export function buildHooks(store: Store): Pick<ContainerConfig, 'hooks' | 'hookVersion'> {
  const said = HOOK_TYPES.map(type => [type, hooks[type].in(store)]);
  return { hooks: Object.fromEntries(said) as ContainerConfig['hooks'], hookVersion: version.in(store) };
}
