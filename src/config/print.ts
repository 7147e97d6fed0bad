// A config as text: whole, so that reading the text gives the same config, and key by key in lxc-info's form.

import { TslxcError } from '../base/errors.ts';
import type { ReadOptions } from './keys/entry.ts';
import { findKey, KEYS } from './keys/table.ts';
import type { ContainerConfig } from './model.ts';
import { writeLine } from './syntax.ts';

/** Every setting that differs from its default or was said, a line each; includes are written out. Throws CONFIG_UNWRITABLE. */
export function printConfig(config: ContainerConfig): string {
  const pairs = KEYS.flatMap(entry => entry.write(config));
  return pairs.map(([key, value]) => `${line(key, value)}\n`).join('');
}

/** The value of a key as `lxc-info -c` shows it, lists with a newline after each value; undefined: no such key. */
export function readKey(config: ContainerConfig, key: string, options: ReadOptions = {}): string | undefined {
  return findKey(key)?.entry.read(config, key, options);
}

function line(key: string, value: string): string {
  // An inherited environment variable may hold anything.
  if (/[\0\n]/.test(value))
    throw new TslxcError('CONFIG_UNWRITABLE', `${key} has a newline or a NUL, which no config line can hold`);
  return writeLine(key, value);
}
