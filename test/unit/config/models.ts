// What the config tests share: loading text without files, and models without the places that their settings came from.

import { type LoadedConfig, loadConfig } from '../../../src/config/load.ts';
import type { ContainerConfig } from '../../../src/config/model.ts';
import { ConfigError, describeProblem } from '../../../src/config/problem.ts';

export const ENV = { TERM: 'xterm', EMPTY: '' };

/** Loads a text as the file `c`; other files come from `files`. */
export function load(
  text: string,
  files: Readonly<Record<string, string>> = {},
  defines: readonly string[] = [],
): LoadedConfig {
  return loadConfig({ file: 'c', text, env: ENV, cwd: '/', defines, source: sourceOf(files) });
}

/** A tree of files in memory; a key that ends with `/` is an empty directory. */
function sourceOf(files: Readonly<Record<string, string>>) {
  return {
    read(path: string): string {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
      return text;
    },
    list(path: string): string[] | undefined {
      const directory = `${path.replace(/\/$/, '')}/`;
      const inside = Object.keys(files).filter(file => file.startsWith(directory));
      return inside.length === 0
        ? undefined
        : inside
            .map(file => file.slice(directory.length))
            .filter(Boolean)
            .sort();
    },
  };
}

/** The problems of a text, as the user reads them. */
export function problemsOf(
  text: string,
  files: Readonly<Record<string, string>> = {},
  defines: readonly string[] = [],
): string[] {
  try {
    load(text, files, defines);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(describeProblem);
  }
}

/** A config's values alone. */
export function valuesOf(config: ContainerConfig): unknown {
  return bare(config);
}

function bare(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, bare(inner)]));
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  if ('value' in value && 'origin' in value) return bare(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bare(inner)]));
}
