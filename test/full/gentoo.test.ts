// Our part of a Gentoo that boots, terminals, network, password, signals, on a tree that is like a stage3.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { logsIn } from '../system/login.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';
import { packStage3 } from './openrc-stage3.ts';

const MINUTES = 60_000;
const STOP_MS = 3 * 10_000;

test('a guest of sysvinit and OpenRC boots, has an address, logs in, reboots and stops', async t => {
  const h = harness(t);
  const name = h.name('g');
  const file = join(h.directory, 'stage3-amd64-openrc-20240901T170410Z.tar.xz');
  const why = packStage3(h.directory, file);
  if (why !== undefined) {
    t.skip(`no tree to pack: ${why}`);
    return;
  }
  const key = throwAwayKey(t);
  key.sign([file], 'asc');
  const words = ['-t', 'gentoo', '--password', 'of-the-test', '--', '--stage3', file, '--keyring', key.file];
  await h.ok('create', ['-n', name, ...words], { timeoutMs: MINUTES });

  const booted = () =>
    until('eth0-dhcp started', async () => {
      const { stdout } = await h.run('attach', ['-n', name, '--', 'rc-status', '-a']);
      return /eth0-dhcp +\[ +started/.test(stdout) ? true : undefined;
    });
  await h.ok('start', ['-n', name]);
  await booted();
  const address = await until(
    'an address',
    async () => /^\d+\.\d+\.\d+\.\d+$/m.exec((await h.ok('info', ['-n', name, '-iH'])).stdout)?.[0],
  );
  execFileSync('busybox', ['ping', '-c1', '-W5', address]);
  for (const tty of ['1', '4', '0']) await logsIn(t, h, { name, tty, password: 'of-the-test' });

  const before = (await h.ok('info', ['-n', name, '-pH'])).stdout;
  await h.run('attach', ['-n', name, '--', 'shutdown', '-r', 'now']);
  await until('another init', async () => {
    const { stdout: now } = await h.run('info', ['-n', name, '-pH']);
    return /\d/.test(now) && now !== before ? true : undefined;
  });
  await booted();
  const { durationMs, stderr } = await h.ok('stop', ['-n', name]);
  t.diagnostic(`stopped in ${Math.round(durationMs)} ms`);
  assert.ok(durationMs < STOP_MS);
  assert.equal(stderr, '');
});
