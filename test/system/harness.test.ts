import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from './harness.ts';

test('a harness can be passed by mapped ids and is gone after the test', async t => {
  let directory = '';
  await t.test('inside', inner => {
    const host = harness(inner);
    directory = host.directory;
    assert.equal(statSync(directory).mode & 0o777, 0o711);
    assert.ok(host.bridge.length <= 15, 'a link name has 15 bytes at most');
    assert.deepEqual(host.residue(), [`path ${directory}`]);
  });
  assert.equal(existsSync(directory), false);
});

test('residue sees cgroups, mounts and links by their name', async t => {
  const host = harness(t, { untidy: true });
  const mountpoint = join(host.directory, 'there');
  mkdirSync(mountpoint);
  execFileSync('mount', ['-t', 'tmpfs', 'none', mountpoint]);
  execFileSync('ip', ['link', 'add', host.bridge, 'type', 'bridge']);
  const found = host.residue();
  assert.ok(found.includes(`mount ${mountpoint}`), found.join());
  assert.ok(found.includes(`link ${host.bridge}`), found.join());
  await host.cleanup();
  assert.deepEqual(host.residue(), []);
});
