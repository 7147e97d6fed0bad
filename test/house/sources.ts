// The sources as the house rules see them.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installation } from '../../src/host/installation.ts';

export const root = installation().root;

export interface Source {
  /** From the clone's root: `src/plan/text.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Regular files below the folder with one of the endings, in order; built and generated things left out. */
export function sourcesBelow(folder: string, endings: readonly string[]): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && endings.some(ending => entry.name.endsWith(ending)))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(path => !/(^|\/)(out|build|node_modules)\//.test(path))
    .sort()
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** TypeScript without comments and string contents, so that a rule sees code only. Line numbers stay. */
export function codeOnly(text: string): string {
  const blank = (match: string) => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/(^|[^:'"`\\])\/\/.*$/gm, (match, before: string) => before + blank(match.slice(before.length)))
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank);
}

/** `path:line: text` of every line of code that matches. */
export function linesOf(
  source: Source,
  pattern: RegExp,
  view: (text: string) => string = codeOnly,
): string[] {
  const original = source.text.split('\n');
  return view(source.text)
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) ? [`${source.path}:${index + 1}: ${original[index]?.trim()}`] : [],
    );
}

/** What a file imports, also lazily and as types: `[specifier, line]`. */
export function importsOf(source: Source): { specifier: string; line: number; typeOnly: boolean }[] {
  const pattern =
    /(?:^|\n)\s*(import|export)(\s+type)?\b[^'";]*?\bfrom\s+'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;
  return [...source.text.matchAll(pattern)].map(match => ({
    specifier: (match[3] ?? match[4] ?? match[5]) as string,
    line: source.text.slice(0, (match.index ?? 0) + match[0].length).split('\n').length,
    typeOnly: match[2] !== undefined,
  }));
}
