import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const { root, version } = installation();

test('the program runs without its cached code, with it, and with another text’s', t => {
  const copy = mkdtempSync(join(tmpdir(), 'tslxctest-boot-'));
  t.after(() => rmSync(copy, { recursive: true }));
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  for (const file of ['tslxc.cjs', 'program.cjs'])
    cpSync(join(root, 'dist/bin', file), join(copy, 'dist/bin', file));
  const cache = join(copy, 'dist/bin/program.cjs.cache');
  const run = () =>
    execFileSync(join(copy, 'dist/bin/tslxc.cjs'), ['stop', '--version'], { encoding: 'utf8' }).trim();
  assert.equal(run(), version);
  cpSync(join(root, 'dist/bin/program.cjs.cache'), cache);
  assert.equal(run(), version);
  writeFileSync(cache, 'not code');
  assert.equal(run(), version);
});
