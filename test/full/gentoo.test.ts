// No stage3 of Gentoo's can be had here. One like it is made of Debian's packages: the same sysvinit, the same OpenRC, Gentoo's
// inittab, and none of Debian's services. So it is our part of a Gentoo that boots: terminals, network, password, signals.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { logsIn } from '../system/login.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';

const MINUTES = 60_000;
const STOP_MS = 3 * 10_000;
const INITTAB = `id:3:initdefault:
si::sysinit:/sbin/openrc sysinit
rc::bootwait:/sbin/openrc boot
l0:0:wait:/sbin/openrc shutdown
l0s:0:wait:/sbin/halt -dhp
l3:3:wait:/sbin/openrc default
l6:6:wait:/sbin/openrc reboot
l6r:6:wait:/sbin/reboot -d
su0:S:wait:/sbin/openrc single
c1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux
c6:2345:respawn:/sbin/agetty 38400 tty6 linux
ca:12345:ctrlaltdel:/sbin/shutdown -r now
`;

/** Packs a stage3 at `file`; why it can't, where no mirror is in reach. */
function packStage3(directory: string, file: string): string | undefined {
  const tree = join(directory, 'tree');
  const archive = join(directory, 'debian.tar');
  // A mirror that stands still is good enough.
  const aptopt = '--aptopt=Acquire::Check-Valid-Until "false"';
  const words = ['--variant=minbase', '--include=sysvinit-core,openrc,iproute2', aptopt, 'stable', archive];
  const { status, stderr } = spawnSync('mmdebstrap', words, { encoding: 'utf8' });
  if (status !== 0) return stderr.trim().split('\n').at(-1);
  mkdirSync(tree);
  execFileSync('tar', ['-C', tree, '-xf', archive, '--exclude=./dev/*']);
  for (const level of readdirSync(join(tree, 'etc/runlevels')))
    for (const service of readdirSync(join(tree, 'etc/runlevels', level)))
      rmSync(join(tree, 'etc/runlevels', level, service));
  writeFileSync(join(tree, 'etc/inittab'), INITTAB);
  execFileSync('tar', ['-C', tree, '-cJf', file, '.'], { env: { ...process.env, XZ_OPT: '-0' } });
  rmSync(tree, { recursive: true });
  return undefined;
}

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
