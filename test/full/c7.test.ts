// `tslxc-create -t centos -n c7`: every clause of what was promised of it, and its elder sister.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';
import { makeCertificates, serveImages } from '../templates/image-server.ts';
import { folder, loopback } from '../templates/loopback.ts';
import { entriesOf } from '../templates/places.ts';
import {
  addressOf,
  type CentOS,
  comes,
  data,
  INSTALL_MS,
  logsIn,
  mirrorOnBridge,
  overSsh,
  said,
  seconds,
  shell,
  skip,
  toldPassword,
} from './centos-guest.ts';

const KEY = join(data, '7/os/x86_64/RPM-GPG-KEY-tslxc-test');

/** Three times the bar of 10 s, which is judged by the number that is printed: the machine may be busy. */
const STOP_MS = 3 * 10_000;

/** One clause: it holds or fails by itself, and prints what was seen. */
async function clause(t: TestContext, words: string, look: () => Promise<string>): Promise<void> {
  await t.test(words, async sub => sub.diagnostic(await look()));
}

test('c7, from create to a clean stop', { skip }, async t => {
  const h = harness(t);
  const guest: CentOS = { t, h, name: h.name('c7') };
  const { name } = guest;
  const { options } = await mirrorOnBridge(t, h);
  let password = '';
  let address = '';

  await clause(t, 'create, with --repo and gpg on; the password is told once and kept', async () => {
    const words = ['-t', 'centos', '-n', name, '--', ...options('7')];
    const { stdout, stderr, durationMs } = await h.ok('create', words, { timeoutMs: INSTALL_MS });
    password = toldPassword(guest, stderr);
    assert.equal(statSync(join(h.lxcpath, name, 'root-password')).mode & 0o777, 0o600);
    return `${seconds(durationMs)}: ${stdout.trim().replaceAll('\n', '; ')}`;
  });
  await clause(t, 'a second create takes a moment, and its identity is its own', () =>
    second(guest, options('7')),
  );
  await clause(t, 'start', async () => seconds((await h.ok('start', ['-n', name])).durationMs));
  await clause(t, 'systemctl is-system-running says running', async () => {
    const began = performance.now();
    const state = await comes(guest, 'systemctl is-system-running', /^running$/m, /degraded|maintenance/);
    return `${state} after ${seconds(performance.now() - began)}`;
  });
  await clause(t, 'it is systemd 219, unprivileged, in a v1 name=systemd view', () =>
    isOldAndUnprivileged(guest),
  );
  await clause(t, 'hostname is c7', async () => {
    assert.equal(await said(guest, 'hostname'), name);
    return name;
  });
  await clause(t, 'rpm -qa lists at least 150 packages, and they verify', async () => {
    const packages = (await said(guest, 'rpm -qa')).split('\n');
    assert.ok(packages.length >= 150, `${packages.length}`);
    // What boots writes to /var and /run.
    const changed = (await shell(guest, 'rpm -V systemd glibc openssh-server yum')).stdout.split('\n');
    assert.deepEqual(
      changed.filter(line => / \/(usr|etc|bin|lib)/.test(line)),
      [],
    );
    return `${packages.length} packages`;
  });
  await clause(t, 'eth0 has an address by DHCP', async () => {
    address = await addressOf(guest);
    execFileSync('busybox', ['ping', '-c1', '-W5', address]);
    assert.match(
      await said(guest, 'cat /var/lib/dhclient/*.lease*'),
      new RegExp(`fixed-address ${address};`),
    );
    return address;
  });
  await clause(t, 'yum -y install httpd, with gpgcheck on', () => installs(guest));
  await clause(t, 'sshd answers from the host', async () => {
    const keys = execFileSync('ssh-keyscan', ['-T', '10', address], { encoding: 'utf8', stdio: 'pipe' });
    assert.match(keys, /ssh-ed25519/);
    assert.equal(await overSsh(guest, address, password, 'hostname'), name);
    return `${keys.trim().split('\n').length} host keys; logged in with the password`;
  });
  for (const tty of ['1', '2', '3', '4', '0'])
    await clause(t, `console login with the password: ${tty === '0' ? '/dev/console' : `tty ${tty}`}`, () =>
      logsIn(guest, tty, password, 'tty'),
    );
  await clause(t, 'a reboot from within, and running again', async () => {
    const pid = (await h.ok('info', ['-n', name, '-pH'])).stdout;
    await shell(guest, 'systemctl reboot');
    await comes(guest, 'systemctl is-system-running', /^running$/m, /degraded|maintenance/);
    assert.notEqual((await h.ok('info', ['-n', name, '-pH'])).stdout, pid);
    return 'running';
  });
  await clause(t, 'a clean stop', async () => {
    const unit =
      '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/true\\nExecStop=/bin/touch /root/stopped\\n';
    await said(guest, `printf '${unit}' >/run/systemd/system/mark.service && systemctl start mark`);
    const { stderr, durationMs } = await h.ok('stop', ['-n', name]);
    assert.equal(stderr, '');
    assert.ok(durationMs < STOP_MS);
    assert.ok(existsSync(join(h.lxcpath, name, 'overlay/delta/root/stopped')), 'systemd ran no ExecStop');
    return seconds(durationMs);
  });
});

/** Another container of the same base: how long it takes, what of it is on disk, and that it shares no secret. */
async function second({ h, name }: CentOS, options: readonly string[]): Promise<string> {
  const other = h.name('second');
  const { durationMs } = await h.ok('create', ['-t', 'centos', '-n', other, '--', ...options]);
  const own = (container: string, file: string): string =>
    readFileSync(join(h.lxcpath, container, 'overlay/delta', file), 'utf8');
  for (const file of ['etc/machine-id', 'etc/ssh/ssh_host_ed25519_key', 'etc/shadow'])
    assert.notEqual(own(name, file), own(other, file), file);
  const size = execFileSync('du', ['-sk', join(h.lxcpath, other)], { encoding: 'utf8' }).split('\t')[0];
  await h.ok('destroy', ['-n', other]);
  return `${seconds(durationMs)}, ${size} kB`;
}

async function isOldAndUnprivileged(guest: CentOS): Promise<string> {
  const { h, name } = guest;
  const version = (await said(guest, 'systemctl --version')).split('\n')[0];
  assert.equal(version, 'systemd 219');
  const pid = Number((await h.ok('info', ['-n', name, '-pH'])).stdout);
  const map = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/);
  assert.equal(map[0], '0');
  assert.ok(Number(map[1]) >= 100_000);
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^Uid:\\s+${map[1]}\\s`, 'm'));
  const view = await said(guest, 'stat -fc %T /sys/fs/cgroup/systemd && grep name=systemd /proc/1/cgroup');
  assert.match(view, /^cgroup\S*\n\d+:name=systemd:/);
  return `${version}; root is ${map[1]}; ${view.replaceAll('\n', ', ')}`;
}

/** Refuses a package whose key is not known to it, takes it once it is, and the server of it answers the host. */
async function installs(guest: CentOS): Promise<string> {
  const key = '/etc/pki/rpm-gpg/RPM-GPG-KEY-tslxc-centos';
  await said(guest, `rpm -e --allmatches gpg-pubkey && mv ${key} /root/key`);
  const refused = await shell(guest, 'yum -y install httpd');
  assert.notEqual(refused.status, 0);
  assert.match(refused.stdout + refused.stderr, /GPG key retrieval failed|not installed/);
  await said(guest, `mv /root/key ${key}`);
  await said(guest, 'yum -y install httpd');
  assert.match(await said(guest, 'yum history'), /install httpd .*\| Install +\| +\d+/);
  assert.match(await said(guest, 'rpm -qi httpd'), /^Signature +: RSA/m);
  await said(guest, 'echo served >/var/www/html/index.html && systemctl start httpd');
  const page = await fetch(`http://${await addressOf(guest)}/`);
  assert.equal(await page.text(), 'served\n');
  return `refused without the key; then ${await said(guest, 'rpm -q httpd')}, which serves a page`;
}

test('the base of c7: the guest’s rpm knows every package, its yum this repository alone, and nothing is one container’s', {
  skip,
}, async t => {
  const h = harness(t);
  const name = h.name('c7');
  const { url } = await loopback(t, folder(data));
  const repository = `${url}/7/os/x86_64/`;
  const words = ['-n', name, '-t', 'centos', '-B', 'dir', '--', '--repo', repository, '--keyring', KEY];
  const { stdout } = await h.ok('create', words, { timeoutMs: INSTALL_MS });
  assert.match(
    stdout,
    new RegExp(`^Installing CentOS 7 \\(x86_64\\) from ${repository} with (dnf|yum)$`, 'm'),
  );
  assert.match(stdout, /has no cronie: going on without$/m);
  assert.deepEqual(entriesOf(h), [name]);

  const base = join(h.stateDir, '.images', readdirSync(join(h.stateDir, '.images')).find(isDigest) ?? '');
  const rootfs = join(base, 'rootfs');
  const rpm = (...args: string[]): string =>
    execFileSync('chroot', [rootfs, 'rpm', ...args], { encoding: 'utf8' });
  const installed = rpm('-qa', '--qf', '%{name}\\n').trim().split('\n');
  assert.ok(installed.length >= 150, `${installed.length} packages`);
  assert.ok(installed.includes('gpg-pubkey'));
  assert.equal(rpm('-V', 'glibc', 'systemd', 'openssh-server', 'yum'), '');

  const text = (file: string): string => readFileSync(join(rootfs, file), 'utf8');
  const enabled = [...text('etc/yum.repos.d/tslxc.repo').matchAll(/^(baseurl|gpgcheck|enabled)=(.*)$/gm)];
  assert.deepEqual(
    enabled.map(([, key, value]) => [key, value]),
    [
      ['baseurl', repository],
      ['gpgcheck', '1'],
      ['enabled', '1'],
    ],
  );
  for (const file of readdirSync(join(rootfs, 'etc/yum.repos.d')))
    if (file !== 'tslxc.repo')
      assert.equal(sectionsOf(text(`etc/yum.repos.d/${file}`), 'enabled=0'), true, file);
  assert.equal(text('etc/machine-id'), '');
  assert.equal(existsSync(join(rootfs, 'etc/ssh/ssh_host_ed25519_key')), false);
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  assert.equal(existsSync(join(rootfs, 'var/cache/tslxc-install')), false);
  assert.match(text('etc/shadow'), /^root:\*:/m);
});

const isDigest = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

/** Whether every section of an ini file has the line. */
function sectionsOf(text: string, line: string): boolean {
  const [, ...sections] = text.split(/^\[/m);
  return sections.length > 0 && sections.every(section => section.split('\n').includes(line));
}

test('c7 on a host without dnf: an image’s own yum installs it', { skip }, async t => {
  const h = harness(t);
  const guest: CentOS = { t, h, name: h.name('b7') };
  const { options } = await mirrorOnBridge(t, h);
  const { authority, ...tls } = makeCertificates(h.directory);
  const server = await serveImages(t, join(data, '../images'), tls);
  const images = join(data, '../images/images/centos/7/amd64/default');
  const image = join(images, readdirSync(images)[0] ?? '', 'rootfs.tar.xz');
  // A private mount namespace in which dnf is no program.
  const hide = 'mount --bind /dev/null "$(readlink -f "$(command -v dnf)")"; exec "$@"';
  const program = join(installation().root, 'dist/bin/tslxc-create');
  const create = [program, '-n', guest.name, '-t', 'centos', '--', ...options('7')];
  const hidden = (...more: string[]) =>
    execa('unshare', ['-m', 'sh', '-c', hide, 'sh', ...create, ...more], {
      env: { ...h.env, CURL_CA_BUNDLE: authority },
      reject: false,
    });
  const lacking = await hidden('--bootstrap-server', server.url);
  assert.match(lacking.stderr, /rockylinux/);
  const own = await hidden('--bootstrap-image', image);
  assert.equal(own.exitCode, 0, own.stderr);
  await h.ok('destroy', ['-n', guest.name]);
  const {
    stdout: output,
    exitCode,
    stderr,
  } = await hidden(...['--bootstrap-image', 'centos/7', '--bootstrap-server', server.url]);
  assert.equal(exitCode, 0, stderr);
  assert.match(output, /^Installing CentOS 7 .* with yum of /m);
  await h.ok('start', ['-n', guest.name]);
  await comes(guest, 'systemctl is-system-running', /^running$/m, /degraded|maintenance/);
  const count = Number(await said(guest, 'rpm -qa | wc -l'));
  assert.ok(count >= 150, `${count} packages`);
  t.diagnostic(`${count} packages, running`);
  await h.ok('stop', ['-n', guest.name]);
});

test('c6: upstart, on the network with a fixed address, logs in, and stops cleanly', { skip }, async t => {
  const h = harness(t);
  const guest: CentOS = { t, h, name: h.name('c6') };
  const { gateway, length, options } = await mirrorOnBridge(t, h);
  const address = gateway.replace(/\d+$/, '200');
  const words = [
    '-n',
    guest.name,
    '-t',
    'centos',
    '--',
    '-r',
    '6',
    '--ipv4',
    `${address}/${length},${gateway}`,
  ];
  const made = await h.run('create', [...words, ...options('6')], { timeoutMs: INSTALL_MS });
  if (/vsyscall=xonly/.test(made.stderr)) return t.skip(made.stderr.trim());
  assert.equal(made.status, 0, made.stderr);
  const password = toldPassword(guest, made.stderr);
  await h.ok('start', ['-n', guest.name]);
  await comes(guest, 'runlevel', /^N 3$/m);
  const packages = (await said(guest, 'rpm -qa')).split('\n');
  assert.ok(packages.length >= 130, `${packages.length} packages`);
  t.diagnostic(`${packages.length} packages; ${await said(guest, 'cat /etc/redhat-release')}`);
  assert.equal(await said(guest, 'hostname'), guest.name);
  await comes(guest, 'initctl status tty TTY=/dev/tty4', /running/);
  for (const tty of ['0', '1', '4']) t.diagnostic(await logsIn(guest, tty, password, 'tty'));
  const keys = execFileSync('ssh-keyscan', ['-T', '10', address], { encoding: 'utf8', stdio: 'pipe' });
  assert.match(keys, /ssh-rsa/);
  await said(
    guest,
    "printf '#!/bin/sh\\ntouch /root/stopped\\n' >/etc/rc.d/rc0.d/S00mark && chmod 755 /etc/rc.d/rc0.d/S00mark",
  );
  const { stderr, durationMs } = await h.ok('stop', ['-n', guest.name]);
  assert.equal(stderr, '');
  assert.ok(
    existsSync(join(h.lxcpath, guest.name, 'overlay/delta/root/stopped')),
    'upstart ran no runlevel 0',
  );
  t.diagnostic(`stopped in ${seconds(durationMs)}`);
});
