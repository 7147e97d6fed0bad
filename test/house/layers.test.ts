import assert from 'node:assert/strict';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { importsOf, sourcesBelow } from './sources.ts';

// Architecture, section 4: a layer imports itself and what is below it. Layers of one rank do not import each other, except
// those that stand beside each other here with a reason.
const RANKS: readonly (readonly string[])[] = [
  ['bin'],
  ['cli', 'tui', 'index'],
  ['runtime', 'storage', 'images', 'network'],
  ['plan', 'facts'],
  ['host', 'config'],
  ['base'],
];

/** Within a rank: who may import whom. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  runtime: ['storage', 'images', 'network'],
  images: ['storage'],
  plan: ['facts'],
  host: ['config'],
};

/** Only types: what a pure layer needs of a model above it. */
const layerOf = (path: string): string => path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
const rankOf = (layer: string): number => RANKS.findIndex(rank => rank.includes(layer));

test('imports run downwards', () => {
  const wrong = sourcesBelow('src', ['.ts']).flatMap(source => {
    const from = layerOf(source.path);
    return importsOf(source)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(found => ({ ...found, to: layerOf(normalize(join(dirname(source.path), found.specifier))) }))
      .filter(({ to }) => !allowed(from, to))
      .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}`);
  });
  assert.deepEqual(wrong, []);
});

function allowed(from: string, to: string): boolean {
  if (from === to) return true;
  if (rankOf(to) > rankOf(from)) return true;
  return NEIGHBOURS[from]?.includes(to) === true;
}

test('every source is in a layer', () => {
  const outside = sourcesBelow('src', ['.ts']).filter(({ path }) => rankOf(layerOf(path)) < 0);
  assert.deepEqual(
    outside.map(({ path }) => path),
    [],
  );
});
