// Arch Linux and openSUSE with a real systemd, which no mirror that tests can reach has: a Debian's tree in a package of theirs, without what
// the template is to bring. So what is seen to work is the template's doing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asksForLogin, boots, type Guest, inside, reaches, reboots, stops } from '../system/debian-guest.ts';
import { type Harness, harness } from '../system/harness.ts';
import { folder, loopback } from '../templates/loopback.ts';
import { makePacmanRepo } from '../templates/pacman-repo.ts';
import { makeRpmRepo, OPENSUSE_PACKAGES } from '../templates/rpm-repo.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';

const CREATE_MS = 900_000;

/** What tslxc-debian made of its tree, and the tree's own identity. */
const OF_THE_TEMPLATE = [
  'etc/systemd/network/eth0.network',
  'etc/systemd/system/multi-user.target.wants/systemd-networkd.service',
  'etc/systemd/system/sysinit.target.wants/systemd-resolved.service',
  'etc/systemd/system/dbus-org.freedesktop.network1.service',
  'etc/systemd/system/dbus-org.freedesktop.resolve1.service',
  'etc/locale.conf',
  'etc/resolv.conf',
  'etc/hostname',
  'etc/hosts',
  'etc/machine-id',
];

/** A Debian's tree, or nothing and the cause told when there is no mirror. */
async function debianTree(t: TestContext, h: Harness, packages: string): Promise<string | undefined> {
  const name = h.name('tree');
  const words = ['-n', name, '-t', 'debian', '--full', '--no-password', '--', '-r', 'trixie'];
  const made = await h.run('create', [...words, '--packages', packages], { timeoutMs: CREATE_MS });
  if (made.status !== 0) {
    t.skip(`no tree: ${made.stderr.trim()}`);
    return undefined;
  }
  const rootfs = join(h.lxcpath, name, 'rootfs');
  execFileSync('rm', ['-f', ...OF_THE_TEMPLATE.map(file => join(rootfs, file))]);
  return rootfs;
}

/** From the tree's package to a guest's whole life. */
async function lives(t: TestContext, h: Harness, template: string, words: readonly string[]): Promise<Guest> {
  const guest: Guest = { h, name: h.name('guest'), release: template };
  await h.ok('create', ['-n', guest.name, '-t', template, '--', ...words], { timeoutMs: CREATE_MS });
  await h.ok('start', ['-n', guest.name]);
  await boots(t, guest).catch(async (error: Error) => {
    throw new Error(
      `${error.message}\n${await inside(guest, 'journalctl', '-b', '-p', 'info', '--no-pager', '-u', 'pacman-init')}`,
    );
  });
  assert.equal(await inside(guest, 'hostname'), guest.name);
  assert.equal(await inside(guest, 'cat', '/etc/locale.conf'), 'LANG=C.UTF-8');
  assert.match(await inside(guest, 'resolvectl', 'status'), /resolv.conf mode: stub/);
  await asksForLogin(t, guest);
  await reaches(t, guest);
  await reboots(t, guest);
  return guest;
}

test('archlinux: systemd, its terminals and network', {
  skip: existsSync('/usr/bin/pacman') ? false : 'pacman is not installed',
}, async t => {
  const h = harness(t);
  const tree = await debianTree(t, h, 'pacman-package-manager,archlinux-keyring,gnupg,makepkg');
  if (tree === undefined) return;
  const key = throwAwayKey(t);
  const fill = (root: string) => execFileSync('cp', ['-a', '--reflink=auto', `${tree}/.`, root]);
  const directory = join(h.directory, 'mirror');
  makePacmanRepo(directory, 'core', [{ name: 'base', fill, key }]);
  makePacmanRepo(directory, 'extra', [{ name: 'more', key }]);
  const { url } = await loopback(t, folder(directory));
  const guest = await lives(t, h, 'archlinux', ['--mirror', url, '--keyring', key.file]);
  // Made at the first boot, with a key of its own.
  assert.match(await inside(guest, 'pacman-key', '--list-keys'), /Arch Linux Master Key/);
  await stops(t, guest);
});

test('opensuse: systemd, its terminals and network, and an rpm that has its database elsewhere', {
  skip: existsSync('/usr/bin/zypper') ? false : 'zypper is not installed',
}, async t => {
  const h = harness(t);
  const tree = await debianTree(t, h, 'rpm');
  if (tree === undefined) return;
  const key = throwAwayKey(t);
  const fill = (root: string) => execFileSync('cp', ['-a', '--reflink=auto', `${tree}/.`, root]);
  const directory = join(h.directory, 'mirror');
  makeRpmRepo(directory, key, [{ name: 'guest', provides: OPENSUSE_PACKAGES, fill }]);
  const { url } = await loopback(t, folder(directory));
  const guest = await lives(t, h, 'opensuse', ['--repo', url, '--keyring', key.file]);
  assert.match(await inside(guest, 'rpm', '-qa'), /^guest-1-1/m);
  await stops(t, guest);
});
