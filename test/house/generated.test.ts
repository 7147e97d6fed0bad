import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VERBS } from '../../src/cli/registry.ts';
import { root } from './sources.ts';

test('src/plan/opcodes.ts is what opcodes.def says', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'native/executor/generate.mjs'), '--check'],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, stderr);
});

test('package.json declares a program for every verb, because npm drops links from tarballs', () => {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  const names = ['tslxc', ...Object.keys(VERBS).map(verb => `tslxc-${verb}`)];
  const undeclared = names.filter(name => !(name in bin));
  assert.deepEqual(undeclared, [], 'run: npm run generate');
  assert.deepEqual([...new Set(Object.values(bin))], ['dist/bin/tslxc.cjs']);
});
