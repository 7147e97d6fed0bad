import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { codeOnly, linesOf, root, type Source } from './sources.ts';

/** What is or would be committed, except binary files and the lockfile. */
function committed(): Source[] {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  return list
    .split('\0')
    .filter(path => path !== '' && existsSync(join(root, path)))
    .filter(
      path =>
        path !== 'package-lock.json' && !path.includes('corpus/') && path !== 'test/house/words.test.ts',
    )
    .map(path => ({ path, text: readFileSync(join(root, path), 'latin1') }))
    .filter(({ text }) => !text.includes('\0'));
}

const hits = (pattern: RegExp, sources: readonly Source[]) =>
  sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );

const sources = committed();

test('nothing is left for later', () => {
  assert.deepEqual(
    hits(/\b(TODO|FIXME|XXX|HACK)\b|\b[Nn]ot (yet )?implemented|\b[Pp]laceholder/, sources.filter(isCode)),
    [],
  );
});

const isCode = ({ path }: Source) => /\.(ts|mjs|c|h|cc|sh)$/.test(path) || /^(templates|etc)\//.test(path);

test('no path of the machine it was written on', () => {
  assert.deepEqual(hits(/(^|[\s"'`=:(])\/work\//, sources), []);
});

test('files are named for what they answer', () => {
  const vague = /^(utils?|helpers?|common|misc|managers?)\.(ts|c|h|cc|mjs)$/;
  assert.deepEqual(
    sources.map(({ path }) => path).filter(path => vague.test(basename(path))),
    [],
  );
});

test('TypeScript is erasable and says its types', () => {
  const typescript = sources.filter(({ path }) => path.endsWith('.ts'));
  const untyped = /^\s*(export )?(declare )?(const )?enum \w|\bas any\b|: any\b|<any>/;
  assert.deepEqual(
    typescript.flatMap(source => linesOf(source, untyped, codeOnly)),
    [],
  );
  assert.deepEqual(hits(/@ts-ignore|@ts-nocheck/, typescript), []);
});
