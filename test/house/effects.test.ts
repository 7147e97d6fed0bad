import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsOf, linesOf, type Source, sourcesBelow } from './sources.ts';

const sources = sourcesBelow('src', ['.ts']);
const inLayer = (source: Source, ...layers: string[]) =>
  layers.some(layer => source.path.startsWith(`src/${layer}/`));

test('plan and base are pure: no files, clock, chance or environment', () => {
  const pure = sources.filter(source => inLayer(source, 'plan', 'base'));
  const imports = pure.flatMap(source =>
    importsOf(source)
      .filter(({ specifier }) => specifier.startsWith('node:') && !PURE_MODULES.includes(specifier))
      .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}`),
  );
  const calls = pure.flatMap(source =>
    linesOf(
      source,
      /\b(Date\.now|new Date\(\)|Math\.random|process\.(env|cwd|pid|hrtime|uptime|argv|exit|platform|getuid|geteuid|stdin|stdout|stderr)\b|performance\.|crypto\.random)/,
    ),
  );
  assert.deepEqual([...imports, ...calls], []);
});

/** Modules that compute and do nothing else. */
const PURE_MODULES = ['node:path', 'node:crypto', 'node:util', 'node:buffer', 'node:assert', 'node:zlib'];

test('only src/host starts programs or loads the addon', () => {
  const outside = sources.filter(source => !inLayer(source, 'host'));
  const wrong = outside.flatMap(source =>
    importsOf(source)
      .filter(({ specifier, typeOnly }) => !typeOnly && STARTERS.test(specifier))
      .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}`),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    outside.flatMap(source => linesOf(source, /\b(process\.dlopen|createRequire)\b/)),
    [],
  );
});

const STARTERS = /^(node:child_process|execa|node-pty|node:worker_threads|node:cluster)$/;

test('only src/bin touches the streams, environment, directory, umask and end of the process', () => {
  const touches =
    /\bprocess\.(stdin|stdout|stderr|env|cwd|chdir|exit|exitCode|argv|umask|on|once)\b|\bconsole\.(log|error|warn|info)\b/;
  assert.deepEqual(
    sources.filter(source => !inLayer(source, 'bin')).flatMap(source => linesOf(source, touches)),
    [],
  );
});
