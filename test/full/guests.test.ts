// Every Debian that the mirror has, from nothing to `running` and back; by both installers.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  asksForLogin,
  boots,
  type Guest,
  install,
  mappedIds,
  reaches,
  reboots,
  stops,
  updates,
} from '../system/debian-guest.ts';
import { harness } from '../system/harness.ts';

test('bullseye, bookworm and trixie beside each other: disjoint maps, each with the whole life of a guest', async t => {
  const h = harness(t);
  const guests: Guest[] = ['bullseye', 'bookworm', 'trixie'].map(release => ({
    h,
    name: h.name(release),
    release,
  }));
  for (const guest of guests) if (!(await install(t, guest))) return;
  await Promise.all(guests.map(({ name }) => h.ok('start', ['-n', name])));
  for (const guest of guests) await boots(t, guest);
  const maps = (await Promise.all(guests.map(mappedIds))).sort((a, b) => a.first - b.first);
  t.diagnostic(`host ids: ${maps.map(({ first, count }) => `${first}+${count}`).join(', ')}`);
  for (const [at, { first }] of maps.entries()) {
    const before = maps[at - 1];
    assert.ok(before === undefined || before.first + before.count <= first, 'maps overlap');
  }
  for (const guest of guests) {
    await asksForLogin(t, guest);
    await reaches(t, guest);
    await updates(guest);
    await reboots(t, guest);
    await stops(t, guest);
  }
});

for (const release of ['forky', 'sid'])
  test(`${release} installs and boots`, async t => {
    const h = harness(t);
    const guest: Guest = { h, name: h.name(release), release };
    if (!(await install(t, guest))) return;
    await h.ok('start', ['-n', guest.name]);
    await boots(t, guest);
    await reaches(t, guest);
    await updates(guest);
    await stops(t, guest);
  });

test('busybox: ids of its own, and a stop that does not take a minute', async t => {
  const h = harness(t);
  const guest: Guest = { h, name: h.name('b'), release: 'busybox' };
  await h.ok('create', ['-n', guest.name, '-t', 'busybox']);
  await h.ok('start', ['-n', guest.name]);
  await mappedIds(guest);
  const { durationMs } = await h.ok('stop', ['-n', guest.name]);
  t.diagnostic(`busybox: stopped in ${(durationMs / 1000).toFixed(2)} s`);
  assert.ok(durationMs < 30_000);
});

test('debootstrap, where there is no mmdebstrap', async t => {
  if (!existsSync('/usr/sbin/debootstrap')) return t.skip('the package debootstrap is not installed');
  const h = harness(t);
  const name = h.name('second');
  // A private mount namespace in which mmdebstrap is no program.
  const hide = 'test ! -e /usr/bin/mmdebstrap || mount --bind /dev/null /usr/bin/mmdebstrap; exec "$@"';
  const create = [join(import.meta.dirname, '../../../dist/bin/tslxc-create'), '-n', name, '-t', 'debian'];
  const output = execFileSync('unshare', ['-m', 'sh', '-c', hide, 'sh', ...create], {
    env: h.env,
    encoding: 'utf8',
  });
  assert.match(output, / with debootstrap$/m);
  const guest: Guest = { h, name, release: 'stable' };
  await h.ok('start', ['-n', name]);
  await boots(t, guest);
  await stops(t, guest);
});
