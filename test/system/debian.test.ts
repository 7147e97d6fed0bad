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
} from './debian-guest.ts';
import { harness } from './harness.ts';

test('trixie: from nothing to `running`, the network, an update, a reboot from within, and a clean stop', {
  timeout: 400_000,
}, async t => {
  const h = harness(t);
  const guest: Guest = { h, name: h.name('trixie'), release: 'trixie' };
  if (!(await install(t, guest))) return;
  await h.ok('start', ['-n', guest.name]);
  await boots(t, guest);
  await mappedIds(guest);
  await asksForLogin(t, guest);
  await reaches(t, guest);
  await updates(guest);
  await reboots(t, guest);
  await stops(t, guest);
});
