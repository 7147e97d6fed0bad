// What has been said so far while a config is read. Every key owns cells; a cell lives once per store.

import type { Origin } from '../base/errors.ts';
import type { Setting } from './model.ts';

/** A place in a store, with how it looks before anything is said. Compared by identity. */
export interface Cell<S> {
  initial(): S;
}

export class Store {
  readonly #states = new Map<Cell<unknown>, unknown>();

  /** The mutable state of a cell. */
  state<S>(cell: Cell<S>): S {
    if (!this.#states.has(cell)) this.#states.set(cell, cell.initial());
    return this.#states.get(cell) as S;
  }
}

/** One line's saying, as a key meets it. */
export interface Said {
  readonly key: string;
  /** What follows the key of a prefix family and its dot; empty for the bare key. */
  readonly rest: string;
  readonly value: string;
  readonly origin: Origin;
  /** The reader's environment (lxc.environment = VAR). */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A setting that no line made. */
export function byDefault<T>(value: T): Setting<T> {
  return { value, origin: { rule: 'default' } };
}

/** The settings of an object that are there: absent ones are left out, as the model wants them. */
export function defined<T extends object>(settings: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
