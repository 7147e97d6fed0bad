// The types of values: how a text becomes a value and how it is written again. Parsers throw ValueError.

import { formatDurationNs, parseDurationNs } from '../base/durations.ts';
import { parseSignal } from '../base/signals.ts';
import { parseSize, roundToRingSize } from '../base/sizes.ts';
import { closest } from '../base/spelling.ts';
import { ValueError } from './problem.ts';

export interface ValueType<T> {
  /** Of a non-empty text; throws ValueError. */
  parse(text: string): T;
  /** The text that parses to the value again. */
  write(value: T): string;
}

/** Any text, as written. */
export const text: ValueType<string> = { parse: value => value, write: value => value };

const PATH_MAX = 4096;

/** A path, as written, of fewer than 4096 bytes. */
export const path: ValueType<string> = {
  parse(value) {
    if (Buffer.byteLength(value) >= PATH_MAX) throw new ValueError('the path is longer than 4095 bytes');
    return value;
  },
  write: value => value,
};

/** A path that stays below its base: no leading `/`, no `..`. */
export const relativePath: ValueType<string> = {
  parse(value) {
    if (value.startsWith('/')) throw new ValueError('the path must be relative');
    if (value.split('/').includes('..')) throw new ValueError('the path must not hold ".."');
    return path.parse(value);
  },
  write: value => value,
};

/** Exactly 0 or 1. */
export const bool: ValueType<boolean> = {
  parse(value) {
    if (value !== '0' && value !== '1') throw new ValueError(`neither 0 nor 1: ${quoted(value)}`);
    return value === '1';
  },
  write: value => (value ? '1' : '0'),
};

/** Decimal digits without sign, up to `max`. */
export function uint(max = 0xffff_ffff, min = 0): ValueType<number> {
  return {
    parse(value) {
      if (!/^\d+$/.test(value)) throw new ValueError(`not an unsigned number: ${quoted(value)}`);
      const number = Number(value);
      if (number > max || number < min) throw new ValueError(`not between ${min} and ${max}: ${value}`);
      return number;
    },
    write: String,
  };
}

/** A decimal 32-bit number with an optional minus. */
export const int: ValueType<number> = {
  parse(value) {
    if (!/^-?\d+$/.test(value)) throw new ValueError(`not a number: ${quoted(value)}`);
    const number = Number(value);
    if (number !== (number | 0)) throw new ValueError(`not a 32-bit number: ${value}`);
    return number | 0;
  },
  write: String,
};

/** A signal by number or name; stored and written as the number. */
export function signal(options: { readonly zero: boolean } = { zero: false }): ValueType<number> {
  return {
    parse(value) {
      const number = parseSignal(value, options.zero);
      if (number === undefined)
        throw new ValueError(`not a signal: ${quoted(value)}`, {
          hint: 'Write a number from 1 to 64, or a name with its prefix such as SIGPWR or SIGRTMIN+3',
        });
      return number;
    },
    write: String,
  };
}

/** Bytes of a console buffer or log, rounded up to a page and a power of two. `auto` is 128 KiB. */
export const ringSize: ValueType<number> = {
  parse(value) {
    if (value === 'auto') return 128 * 1024;
    const bytes = parseSize(value);
    if (bytes === undefined || bytes > 2 ** 40)
      throw new ValueError(`not a size: ${quoted(value)}`, {
        hint: 'Write auto, or a number with KB, MB or GB',
      });
    return roundToRingSize(bytes);
  },
  write: String,
};

/** Nanoseconds, written `N unit`. */
export const durationNs: ValueType<bigint> = {
  parse(value) {
    const ns = parseDurationNs(value);
    if (ns === undefined)
      throw new ValueError(`not a time: ${quoted(value)}`, {
        hint: 'Write a number and a unit: h, m, s, ms, us or ns',
      });
    return ns;
  },
  write: formatDurationNs,
};

/** One of some words, exactly. */
export function word<W extends string>(words: readonly W[], what: string): ValueType<W> {
  return {
    parse(value) {
      const found = words.find(w => w === value);
      if (found === undefined) throw unknownWord(value, words, what);
      return found;
    },
    write: value => value,
  };
}

/** The error for a word that is none of the known ones, with the nearest as a hint. */
export function unknownWord(value: string, words: readonly string[], what: string, offset = 0): ValueError {
  const near = closest(value, words);
  const hint = near === undefined ? `Write one of: ${words.join(' ')}` : `Did you mean ${near}?`;
  return new ValueError(`unknown ${what}: ${quoted(value)}`, { hint, offset });
}

/** A value in an error: on one line, cut after 60 characters, control characters shown. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}
