// A command line read as GNU getopt_long reads it: permutation, prefixes, bundles, glued optional arguments, `--`.

import type { OptionSpec } from './command.ts';

export interface Taken {
  readonly key: string;
  /** undefined for a flag; empty for an optional argument that was not given. */
  readonly value: string | undefined;
  /** As it was typed, without its value: `-?`, `--help`. */
  readonly as: string;
}

/** What getopt says on stderr, without the program's name. */
export class UsageError extends Error {}

export interface CommandLine {
  readonly taken: readonly Taken[];
  readonly positionals: readonly string[];
  /** After `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined;
}

/**
 * Reads until the end, or until an option for which `stopAt` is true (help and version answer at once, whatever follows).
 * Throws UsageError with getopt's own words.
 */
export function getopt(
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
  settings: { readonly posixlyCorrect?: boolean; readonly stopAt?: (taken: Taken) => boolean } = {},
): CommandLine {
  const taken: Taken[] = [];
  const positionals: string[] = [];
  const words = [...argv];
  const keep = (found: readonly Taken[]): boolean => {
    for (const one of found) {
      taken.push(one);
      if (settings.stopAt?.(one)) return true;
    }
    return false;
  };
  while (words.length > 0) {
    const word = words.shift() as string;
    if (word === '--') return { taken, positionals, rest: words };
    if (word.startsWith('--')) {
      if (keep([readLong(word, words, options)])) break;
    } else if (word.startsWith('-') && word !== '-') {
      if (keep(readShorts(word, words, options, settings.stopAt))) break;
    } else {
      positionals.push(word);
      if (settings.posixlyCorrect) return { taken, positionals: [...positionals, ...words], rest: undefined };
    }
  }
  return { taken, positionals, rest: undefined };
}

type Arity = 'none' | 'required' | 'optional';

/** A flag, an option with an argument, or one whose argument is optional and glued (`[X]`). */
export function arityOf(option: OptionSpec): Arity {
  if (option.arg === undefined) return 'none';
  return option.arg.startsWith('[') ? 'optional' : 'required';
}

function readLong(word: string, words: string[], options: Readonly<Record<string, OptionSpec>>): Taken {
  const equals = word.indexOf('=');
  const typed = word.slice(2, equals === -1 ? undefined : equals);
  const [key, option] = findLong(typed, options);
  const arity = arityOf(option);
  const as = `--${option.long}`;
  if (equals !== -1) {
    if (arity === 'none') throw new UsageError(`option '${as}' doesn't allow an argument`);
    return { key, value: word.slice(equals + 1), as };
  }
  if (arity === 'none') return { key, value: undefined, as };
  if (arity === 'optional') return { key, value: '', as };
  const value = words.shift();
  if (value === undefined) throw new UsageError(`option '${as}' requires an argument`);
  return { key, value, as };
}

function findLong(
  typed: string,
  options: Readonly<Record<string, OptionSpec>>,
): readonly [string, OptionSpec] {
  const candidates = Object.entries(options).filter(([, option]) => option.long?.startsWith(typed));
  const exact = candidates.find(([, option]) => option.long === typed);
  if (exact) return exact;
  const [only, ...others] = candidates;
  if (only === undefined) throw new UsageError(`unrecognized option '--${typed}'`);
  if (others.length === 0) return only;
  const possibilities = candidates.map(([, option]) => `'--${option.long}'`).join(' ');
  throw new UsageError(`option '--${typed}' is ambiguous; possibilities: ${possibilities}`);
}

/** `-sH`, `-nNAME`, `-n NAME`, `-eCAP`. */
function readShorts(
  word: string,
  words: string[],
  options: Readonly<Record<string, OptionSpec>>,
  stopAt: ((taken: Taken) => boolean) | undefined,
): Taken[] {
  const found: Taken[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const [key, option] = findShort(letter, options);
    const arity = arityOf(option);
    const as = `-${letter}`;
    if (arity === 'none') {
      const flag = { key, value: undefined, as };
      found.push(flag);
      if (stopAt?.(flag)) return found;
      continue;
    }
    const glued = word.slice(at + 1);
    if (arity === 'optional') return [...found, { key, value: glued, as }];
    const value = glued === '' ? words.shift() : glued;
    if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`);
    return [...found, { key, value, as }];
  }
  return found;
}

function findShort(
  letter: string,
  options: Readonly<Record<string, OptionSpec>>,
): readonly [string, OptionSpec] {
  // -h is help everywhere, though help texts show -? as LXC's do.
  const found = Object.entries(options).find(([, option]) => option.short === letter);
  if (found) return found;
  if (letter === 'h' && options['help']) return ['help', options['help']];
  throw new UsageError(`invalid option -- '${letter}'`);
}
