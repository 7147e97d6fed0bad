// What a key is, and the two kinds that most keys are: scalars (the last line wins) and lists (each line appends).

import type { ContainerConfig, Setting } from '../model.ts';
import { byDefault, type Cell, type Said, type Store } from '../store.ts';
import type { ValueType } from '../values.ts';

export interface ReadOptions {
  /** `uname -m` of the host. */
  readonly machine?: string;
}

/** One key, or one prefix family of keys, of the config C. */
export interface KeyEntry<C = ContainerConfig> {
  readonly key: string;
  /** Also stands for `key.<anything>`. */
  readonly prefix?: boolean;
  /** Applies a non-empty value; throws ValueError. */
  set(store: Store, said: Said): void;
  /** Applies an empty value; throws ValueError where LXC refuses it. */
  clear(store: Store, said: Said): void;
  /** The (key, value) pairs that say the config's part again. */
  write(config: C): readonly (readonly [key: string, value: string])[];
  /** lxc-info's form, lists with a newline after each value; undefined: no such key. */
  read(config: C, key: string, options: ReadOptions): string | undefined;
}

export interface ScalarOptions<T> {
  /** What an empty value means; without it the key is as if never said. */
  readonly empty?: T;
  /** What an unset key reads as; default: the empty text, or the default's own form. */
  readonly unset?: string;
  /** The form of lxc-info where it is not the written one. */
  readonly show?: (value: T, options: ReadOptions) => string;
}

export interface ScalarKey<T, C = ContainerConfig> extends KeyEntry<C> {
  in(store: Store): Setting<T> | undefined;
}

export interface DefaultedKey<T, C = ContainerConfig> extends KeyEntry<C> {
  in(store: Store): Setting<T>;
}

/** A scalar that may be unset; `get` finds it in the finished config. */
export function scalar<T, C = ContainerConfig>(
  key: string,
  type: ValueType<T>,
  get: (config: C) => Setting<T> | undefined,
  options: ScalarOptions<T> = {},
): ScalarKey<T, C> {
  const cell: Cell<{ setting?: Setting<T> }> = { initial: () => ({}) };
  const show = options.show ?? ((value: T) => type.write(value));
  return {
    key,
    set: (store, said) => {
      store.state(cell).setting = { value: type.parse(said.value), origin: said.origin };
    },
    clear: (store, said) => {
      if (options.empty === undefined) delete store.state(cell).setting;
      else store.state(cell).setting = { value: options.empty, origin: said.origin };
    },
    write: config => {
      const setting = get(config);
      return setting === undefined ? [] : [[key, type.write(setting.value)]];
    },
    read: (config, _key, readOptions) => {
      const setting = get(config);
      return setting === undefined ? (options.unset ?? '') : show(setting.value, readOptions);
    },
    in: store => store.state(cell).setting,
  };
}

/** A scalar with a default, whose setting is always there. */
export function defaulted<T, C = ContainerConfig>(
  key: string,
  type: ValueType<T>,
  fallback: T,
  get: (config: C) => Setting<T>,
  options: ScalarOptions<T> = {},
): DefaultedKey<T, C> {
  const said = (config: C): Setting<T> | undefined => {
    const setting = get(config);
    return 'rule' in setting.origin && setting.value === fallback ? undefined : setting;
  };
  const base = scalar(key, type, said, { unset: type.write(fallback), ...options });
  return { ...base, in: store => base.in(store) ?? byDefault(fallback) };
}

export interface ListKey<T, C = ContainerConfig> extends KeyEntry<C> {
  in(store: Store): readonly Setting<T>[];
  /** The list itself, for keys that clear several. */
  reset(store: Store): void;
}

export interface ListOptions<T> {
  /** The values of one line; default: the line is one value. */
  readonly split?: (value: string) => readonly string[];
  /** The form of lxc-info where it is not the written one. */
  readonly show?: (value: T) => string;
  /** Values are parted by newlines, and none follows the last: LXC's form of a few lists. */
  readonly parted?: true;
}

/** A list of which each line adds one value, or the blank-separated words of `split`. */
export function list<T, C = ContainerConfig>(
  key: string,
  type: ValueType<T>,
  get: (config: C) => readonly Setting<T>[],
  options: ListOptions<T> = {},
): ListKey<T, C> {
  const cell: Cell<{ settings: Setting<T>[] }> = { initial: () => ({ settings: [] }) };
  const split = options.split ?? (value => [value]);
  const show = options.show ?? ((value: T) => type.write(value));
  return {
    key,
    set: (store, said) => {
      const values = split(said.value).map(part => type.parse(part));
      store.state(cell).settings.push(...values.map(value => ({ value, origin: said.origin })));
    },
    clear: store => {
      store.state(cell).settings = [];
    },
    write: config => get(config).map(setting => [key, type.write(setting.value)] as const),
    read: config => {
      const values = get(config).map(setting => show(setting.value));
      return options.parted ? values.join('\n') : eachOnALine(values);
    },
    in: store => store.state(cell).settings,
    reset: store => {
      store.state(cell).settings = [];
    },
  };
}

/** The form of lists: a newline after each value. */
export function eachOnALine(values: readonly string[]): string {
  return values.map(value => `${value}\n`).join('');
}

/** Splits at blanks, without empty words. */
export function words(value: string): readonly string[] {
  return value.split(/[ \t]+/).filter(part => part !== '');
}
