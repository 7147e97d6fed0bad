// A container's config from its text: lines, then lxc.include where it stands, then `--define`, into one model. Everything that is
// wrong is gathered and told at once.

import { resolve } from 'node:path';
import type { Origin } from '../base/errors.ts';
import { closest } from '../base/spelling.ts';
import { lastNetIndex } from './keys/net.ts';
import { buildConfig, checkConfig, findKey, KEYS } from './keys/table.ts';
import { legacyKey, legacyRootfs } from './legacy.ts';
import type { ContainerConfig } from './model.ts';
import { ConfigError, type ConfigProblem, ValueError } from './problem.ts';
import { type ConfigSource, hostFiles, readFailure } from './source.ts';
import { Store } from './store.ts';
import { type ConfigLine, parseLines } from './syntax.ts';

export interface LoadOptions {
  /** The file to read, and the name that errors carry. */
  readonly file: string;
  /** Its text, where the caller has it already. */
  readonly text?: string;
  /** `--define KEY=VALUE`, applied after the file. */
  readonly defines?: readonly string[];
  /** For `lxc.environment = VAR`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For relative includes; default: the process's own. */
  readonly cwd?: string;
  readonly source?: ConfigSource;
}

export interface LoadedConfig {
  readonly config: ContainerConfig;
  /** The lines of the file itself, for rewriting. */
  readonly lines: readonly ConfigLine[];
  /** Old keys and the like: true to the text, but to be told. */
  readonly warnings: readonly ConfigProblem[];
}

/** Reads a config; throws ConfigError (CONFIG_INVALID) with every problem, or CONFIG_UNREADABLE's cause as its only problem. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const loader = new Loader(options);
  const lines = loader.file(options.file, options.text);
  for (const [index, define] of (options.defines ?? []).entries()) loader.define(define, index + 1);
  return { config: loader.finish(), lines, warnings: loader.warnings };
}

const MAX_DEPTH = 32;
const MAX_LINES = 200_000;
const MAX_PROBLEMS = 200;

class Loader {
  readonly warnings: ConfigProblem[] = [];
  readonly #problems: ConfigProblem[] = [];
  readonly #store = new Store();
  readonly #options: LoadOptions;
  readonly #source: ConfigSource;
  /** The files being read, outermost first. */
  readonly #open: string[] = [];
  #lines = 0;
  /** TYPE of lxc.rootfs.backend in the file being read. */
  #backend: string | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#source = options.source ?? hostFiles;
  }

  file(path: string, given?: string): readonly ConfigLine[] {
    const text = given ?? this.#read(path, { file: path, line: 1, column: 1 });
    if (text === undefined) return [];
    const { lines, problems } = parseLines(text, path);
    this.#problems.push(...problems);
    this.#open.push(this.#absolute(path));
    this.#backend =
      lines.findLast(line => line.setting?.key === 'lxc.rootfs.backend')?.setting?.value || undefined;
    for (const line of lines) {
      if (++this.#lines > MAX_LINES) break;
      if (line.setting) this.#apply(line, line.setting);
    }
    this.#open.pop();
    return lines;
  }

  /** Text that is no `lxc.KEY=VALUE` is dropped, as LXC drops it. */
  define(text: string, index: number): void {
    if (!text.trimStart().startsWith('lxc.') || !text.includes('=')) return;
    const place = { file: '--define', line: index };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in it
    const control = /[\0-\x08\x0a-\x1f\x7f]/.exec(text);
    if (control)
      return void this.#problems.push({
        ...place,
        column: control.index + 1,
        message: 'a control character in a value',
      });
    const [line] = parseLines(text, place.file).lines;
    if (line?.setting) this.#apply({ ...line, ...place }, line.setting);
  }

  finish(): ContainerConfig {
    const config = buildConfig(this.#store);
    for (const { origin, message } of checkConfig(config))
      this.#problems.push({ ...placeOf(origin), message });
    if (this.#lines > MAX_LINES)
      this.#problems.unshift({
        file: this.#options.file,
        line: 1,
        column: 1,
        message: `more than ${MAX_LINES} lines`,
      });
    const [first, ...more] = this.#problems;
    if (first) throw new ConfigError([first, ...more.slice(0, MAX_PROBLEMS)]);
    return config;
  }

  #apply(line: ConfigLine, setting: NonNullable<ConfigLine['setting']>): void {
    const place = { file: line.file, line: line.line, column: setting.keyColumn };
    if (setting.key === 'lxc.include') {
      this.#include(setting.value, { ...place, column: setting.valueColumn });
      return;
    }
    const now = this.#today(setting.key, setting.value, place);
    if (now) this.#assign(now.key, now.value, place, setting);
  }

  #assign(key: string, value: string, place: Place, setting: NonNullable<ConfigLine['setting']>): void {
    const found = findKey(key);
    if (!found) {
      this.#unknown(key, place);
      return;
    }
    const origin = { file: place.file, line: place.line, key };
    const said = { key, rest: found.rest, value, origin, env: this.#options.env ?? {} };
    try {
      if (value === '') found.entry.clear(this.#store, said);
      else found.entry.set(this.#store, said);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const column = setting.valueColumn + error.offset;
      this.#problems.push({
        ...place,
        column,
        message: `${key}: ${error.message}`,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  }

  #unknown(key: string, place: Place): void {
    const near = closest(
      key,
      KEYS.map(entry => entry.key),
    );
    this.#problems.push({
      ...place,
      message: `unknown key ${key}`,
      ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
    });
  }

  /** The key and value of today for an old key, with a warning; undefined: the line means nothing any more. */
  #today(key: string, value: string, place: Place): { key: string; value: string } | undefined {
    const old = legacyKey(key);
    if (!old) return { key, value };
    if ('dropped' in old) {
      this.warnings.push({ ...place, message: `${key} is from before LXC 2.1 and means nothing now` });
      return undefined;
    }
    const now = 'key' in old ? old.key : `lxc.net.${this.#nic(old.nic)}.${old.subkey}`;
    this.warnings.push({ ...place, message: `${key} is the old name of ${now}`, hint: `Write ${now}` });
    return {
      key: now,
      value: key === 'lxc.rootfs' && value !== '' ? legacyRootfs(value, this.#backend) : value,
    };
  }

  #nic(which: 'open' | 'last'): number {
    const last = lastNetIndex(this.#store);
    return which === 'open' ? last + 1 : Math.max(0, last);
  }

  /** A file is read in place; of a directory every *.conf, sorted. An empty value only takes back the line. */
  #include(value: string, place: Place): void {
    if (value === '') return;
    const names = this.#source.list(this.#absolute(value));
    if (names === undefined && value.endsWith('/')) return;
    const files =
      names === undefined
        ? [value]
        : names.filter(name => name.endsWith('.conf')).map(name => `${value.replace(/\/+$/, '')}/${name}`);
    const backend = this.#backend;
    for (const file of files) this.#includeFile(file, place);
    this.#backend = backend;
  }

  #includeFile(file: string, place: Place): void {
    if (this.#open.includes(this.#absolute(file)))
      return void this.#problems.push({ ...place, message: `lxc.include: ${file} includes itself` });
    if (this.#open.length >= MAX_DEPTH)
      return void this.#problems.push({ ...place, message: `lxc.include: deeper than ${MAX_DEPTH} files` });
    if (this.#lines > MAX_LINES) return;
    const text = this.#read(file, place);
    if (text !== undefined) this.file(file, text);
  }

  #read(file: string, place: Place): string | undefined {
    try {
      return this.#source.read(this.#absolute(file));
    } catch (error) {
      this.#problems.push({ ...place, message: `cannot read ${file}: ${readFailure(error)}` });
      return undefined;
    }
  }

  #absolute(path: string): string {
    return this.#options.cwd === undefined ? resolve(path) : resolve(this.#options.cwd, path);
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function placeOf(origin: Origin): Place {
  return 'rule' in origin
    ? { file: origin.rule, line: 1, column: 1 }
    : { file: origin.file, line: origin.line, column: origin.column ?? 1 };
}
