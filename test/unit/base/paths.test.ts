import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupSuffix, commandAddress, containerPaths } from '../../../src/base/paths.ts';

test('a run directory is keyed by lxcpath and name', () => {
  const one = containerPaths('/run/tslxc', '/var/lib/tslxc', 'c1');
  const other = containerPaths('/run/tslxc', '/srv', 'c1');
  assert.match(one.run, /^\/run\/tslxc\/c1-[0-9a-f]{8}$/);
  assert.notEqual(one.run, other.run);
  assert.equal(one.config, '/var/lib/tslxc/c1/config');
});

test("only a container in LXC's own lxcpath has no suffix", () => {
  assert.equal(cgroupSuffix('/var/lib/lxc', 'c1'), '');
  assert.match(cgroupSuffix('/srv', 'c1'), /^-[0-9a-f]{8}$/);
});

test('an address that is too long for a socket is hashed, as LXC 5.0.2 was seen to hash it', () => {
  assert.equal(commandAddress('/var/lib/lxc', 'c1'), '/var/lib/lxc/c1/command');
  const longest = `/tmp/addr/${'x'.repeat(84)}`;
  assert.equal(commandAddress(longest, 'cc'), `${longest}/cc/command`);
  assert.equal(commandAddress(`${longest}x`, 'cc'), 'lxc/2689544d3a1773c3/command');
});
