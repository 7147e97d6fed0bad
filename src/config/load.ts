// A container's config from its text: lines, then lxc.include where it stands, then `--define`, into one model. Everything that is
// wrong is gathered and told at once.

import { resolve } from 'node:path';
import type { Origin } from '../base/errors.ts';
import { closest } from '../base/spelling.ts';
import { buildConfig, checkConfig, findKey, KEYS } from './keys/table.ts';
import { LegacyNames, legacyRootfs } from './legacy.ts';
import type { ContainerConfig } from './model.ts';
import { ConfigError, type ConfigProblem, ValueError } from './problem.ts';
import { type ConfigSource, hostFiles, readFailure } from './source.ts';
import { Store } from './store.ts';
import { type ConfigLine, type LineSetting, parseLines } from './syntax.ts';

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
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_PROBLEMS = 200;

class Loader {
  readonly warnings: ConfigProblem[] = [];
  readonly #problems: ConfigProblem[] = [];
  readonly #store = new Store();
  readonly #names = new LegacyNames();
  readonly #options: LoadOptions;
  readonly #source: ConfigSource;
  /** The files being read, outermost first. */
  readonly #open: string[] = [];
  #lines = 0;
  #bytes = 0;
  /** TYPE of lxc.rootfs.backend in the file being read. */
  #backend: string | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#source = options.source ?? hostFiles;
  }

  file(path: string, given?: string): readonly ConfigLine[] {
    const text = given ?? this.#read(path, { file: path, line: 1, column: 1 });
    if (text === undefined) return [];
    const lines = this.#source.lines?.(text, path) ?? parseLines(text, path);
    this.#open.push(this.#absolute(path));
    this.#backend =
      lines.findLast(line => line.setting?.key === 'lxc.rootfs.backend')?.setting?.value || undefined;
    for (const line of lines) {
      if (++this.#lines > MAX_LINES) break;
      if (line.problem) this.#problems.push(line.problem);
      if (line.setting) this.#apply(line, line.setting);
    }
    this.#open.pop();
    return lines;
  }

  /** Text that is no `lxc.KEY=VALUE` is dropped, as LXC drops it. */
  define(text: string, index: number): void {
    if (!text.trimStart().startsWith('lxc.') || !text.includes('=')) return;
    const place = { file: '--define', line: index };
    // A tab parts words, as in fstab lines; nothing else of that kind belongs into a value.
    const control = /(?!\t)\p{Cc}/u.exec(text);
    if (control) {
      const column = control.index + 1;
      this.#problems.push({ ...place, column, message: 'a control character in a value' });
      return;
    }
    const [line] = parseLines(text, place.file);
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

  #apply(line: ConfigLine, setting: LineSetting): void {
    const place = { file: line.file, line: line.line, column: setting.keyColumn };
    if (setting.key === 'lxc.include') {
      this.#include(setting.value, { ...place, column: setting.valueColumn });
      return;
    }
    const key = this.#today(setting.key, setting.value, place);
    if (key === undefined) return;
    const old = setting.key === 'lxc.rootfs' && setting.value !== '';
    this.#assign(key, old ? legacyRootfs(setting.value, this.#backend) : setting.value, place, setting);
  }

  #assign(key: string, value: string, place: Place, setting: LineSetting): void {
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
        message: error.message.startsWith('lxc.') ? error.message : `${key}: ${error.message}`,
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

  /** The key of today, with a warning for an old one; undefined: the line means nothing any more. */
  #today(key: string, value: string, place: Place): string | undefined {
    const now = this.#names.today(key, value);
    if (now === undefined)
      this.warnings.push({ ...place, message: `${key} is from before LXC 2.1 and means nothing now` });
    else if (now !== key)
      this.warnings.push({ ...place, message: `${key} is the old name of ${now}`, hint: `Write ${now}` });
    return now;
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
      if (this.#bytes > MAX_BYTES) throw new Error('the files together are larger than 64 MiB');
      const text = this.#source.read(this.#absolute(file));
      this.#bytes += text.length;
      return text;
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
