// Prefix families: one key with a free last part, a text for each (lxc.sysctl.A.B) or a list in order (lxc.cgroup2.FILE).

import type { CgroupWrite, ContainerConfig, Setting } from '../model.ts';
import { ValueError } from '../problem.ts';
import type { Cell, Store } from '../store.ts';
import type { ValueType } from '../values.ts';
import { eachOnALine, type KeyEntry } from './entry.ts';

/** Throws ValueError for a last part that must not be. */
export type NameCheck = (name: string) => void;

export interface MapFamily<T> extends KeyEntry {
  in(store: Store): ReadonlyMap<string, Setting<T>>;
}

/** A scalar for each name; the bare key clears all. */
export function mapFamily<T>(
  key: string,
  type: ValueType<T>,
  check: NameCheck,
  get: (config: ContainerConfig) => ReadonlyMap<string, Setting<T>>,
): MapFamily<T> {
  const cell: Cell<Map<string, Setting<T>>> = { initial: () => new Map() };
  const pairs = (config: ContainerConfig): [string, string][] =>
    [...get(config)].map(([name, setting]) => [`${key}.${name}`, type.write(setting.value)]);
  return {
    key,
    prefix: true,
    set(store, said) {
      needsName(key, said.rest);
      check(said.rest);
      const map = store.state(cell);
      map.delete(said.rest);
      map.set(said.rest, { value: type.parse(said.value), origin: said.origin });
    },
    clear(store, said) {
      if (said.rest === '') store.state(cell).clear();
      else store.state(cell).delete(said.rest);
    },
    write: pairs,
    read(config, full) {
      if (full === key) return eachOnALine(pairs(config).map(([name, value]) => `${name} = ${value}`));
      const setting = get(config).get(full.slice(key.length + 1));
      return setting === undefined ? '' : type.write(setting.value);
    },
    in: store => store.state(cell),
  };
}

export interface WriteFamily extends KeyEntry {
  in(store: Store): readonly Setting<CgroupWrite>[];
}

/** Writes to files in config order; `key.FILE =` drops the earlier ones of FILE, the bare key all. */
export function writeFamily(
  key: string,
  check: NameCheck,
  get: (config: ContainerConfig) => readonly Setting<CgroupWrite>[],
): WriteFamily {
  const cell: Cell<{ writes: Setting<CgroupWrite>[] }> = { initial: () => ({ writes: [] }) };
  return {
    key,
    prefix: true,
    set(store, said) {
      needsName(key, said.rest);
      check(said.rest);
      store.state(cell).writes.push({ value: { file: said.rest, value: said.value }, origin: said.origin });
    },
    clear(store, said) {
      const state = store.state(cell);
      state.writes = said.rest === '' ? [] : state.writes.filter(write => write.value.file !== said.rest);
    },
    write: config => get(config).map(({ value }) => [`${key}.${value.file}`, value.value] as const),
    read(config, full) {
      const values = get(config).map(setting => setting.value);
      if (full === key) return eachOnALine(values.map(({ file, value }) => `${key}.${file} = ${value}`));
      const file = full.slice(key.length + 1);
      return eachOnALine(values.filter(write => write.file === file).map(write => write.value));
    },
    in: store => store.state(cell).writes,
  };
}

function needsName(key: string, rest: string): void {
  if (rest === '')
    throw new ValueError(`${key} with a value needs a name after it`, {
      hint: `Write ${key}.NAME; an empty ${key} clears all`,
    });
}
