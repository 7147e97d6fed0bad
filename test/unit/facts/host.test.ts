// Facts about the host that the tests run on, against what other files of the kernel say.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { test } from 'node:test';
import { collectHostFacts } from '../../../src/facts/host.ts';

const facts = collectHostFacts(['lo', 'tslxctest-none', '../etc']);

test('identity and kernel', () => {
  assert.equal(facts.kernelRelease, release());
  assert.equal(facts.uid, process.geteuid?.());
  assert.ok(facts.namespaces.includes('mnt') && facts.namespaces.includes('user'));
  assert.ok(!facts.namespaces.some(name => name.includes('_')));
  assert.equal(facts.lastCap, Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')));
  assert.match(facts.boundingSet, /^[0-9a-f]{16}$/);
});

test('every hierarchy that is mounted, with the controllers that this process is in', () => {
  const { v1, v2, layout } = facts.cgroup;
  assert.equal(layout, v2 ? (v1.length > 0 ? 'hybrid' : 'v2') : v1.length > 0 ? 'v1' : 'none');
  for (const { mount, controllers, ownPath } of v1) {
    assert.ok(existsSync(`${mount}${ownPath}/tasks`), mount);
    assert.ok(readFileSync('/proc/self/cgroup', 'utf8').includes(`:${controllers.join(',')}:${ownPath}\n`));
  }
  if (v2)
    assert.equal(readFileSync(`${v2.mount}/cgroup.controllers`, 'utf8').trim(), v2.controllers.join(' '));
});

test('links that are there, and only those', () => {
  assert.deepEqual(
    facts.links.map(({ name, bridge }) => ({ name, bridge })),
    [{ name: 'lo', bridge: false }],
  );
  assert.equal(facts.links[0]?.mtu, Number(readFileSync('/sys/class/net/lo/mtu', 'utf8')));
});

test('device nodes and files below /proc that exist', () => {
  for (const name of facts.deviceNodes) assert.ok(statSync(`/dev/${name}`).isCharacterDevice(), name);
  for (const file of facts.procFiles) assert.ok(existsSync(`/proc/${file}`), file);
  assert.ok(facts.deviceNodes.includes('null'));
});

test('hard limits are the ones of this process', () => {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  assert.equal(facts.hardLimits['nofile'], line === 'unlimited' ? undefined : Number(line));
});
