import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const { root } = installation();

const preinstall = (directory: string, PATH: string) =>
  spawnSync(process.execPath, [join(directory, 'scripts/preinstall.mjs')], {
    env: { PATH },
    encoding: 'utf8',
  });

test('npm ci without a compiler says which package to install, in one line', () => {
  const { status, stderr, stdout } = preinstall(root, '/nowhere');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]*: apt-get install g\+\+\n$/);
});

test('npm ci with a Node that is too old says so in one line', t => {
  const copy = mkdtempSync(join(tmpdir(), 'tslxctest-old-'));
  t.after(() => rmSync(copy, { recursive: true }));
  cpSync(join(root, 'scripts'), join(copy, 'scripts'), { recursive: true });
  const text = readFileSync(join(root, 'package.json'), 'utf8').replace(
    /"node": ">=[\d.]+"/,
    '"node": ">=99.1.0"',
  );
  writeFileSync(join(copy, 'package.json'), text);
  const { status, stderr } = preinstall(copy, process.env['PATH'] ?? '');
  assert.equal(status, 1);
  assert.match(stderr, /^tslxc needs Node 99\.1\.0 or newer; this is [\d.]+[^\n]*\n$/);
});

test('npm ci on a host that has all says nothing', () => {
  const { status, stderr, stdout } = preinstall(root, process.env['PATH'] ?? '');
  assert.deepEqual({ status, stderr, stdout }, { status: 0, stderr: '', stdout: '' });
});
