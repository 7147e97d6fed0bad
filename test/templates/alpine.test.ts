import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { logsIn } from '../system/login.ts';
import { KEY, MINIROOTFS, repository, skip } from './alpine-repo.ts';
import { loopback } from './loopback.ts';
import { entriesOf } from './places.ts';

/** Three times the bar of 10 s, which is judged by the number that is printed: the machine may be busy. */
const STOP_MS = 3 * 10_000;

const inside = async (h: Harness, name: string, ...words: string[]): Promise<string> =>
  (await h.run('attach', ['-n', name, '--', ...words])).stdout.trim();

/** What OpenRC says of every service, once the last one is there: one attach that waits in the guest, for the host is busy. */
const SERVICES_UP = 'until [ -e /run/openrc/started/crond ]; do sleep 0.05; done; rc-status -a';

async function servicesUp(h: Harness, name: string): Promise<string> {
  return (await h.ok('attach', ['-n', name, '--', 'timeout', '30', 'sh', '-c', SERVICES_UP])).stdout;
}

test('3.13 from its mirror: boots with OpenRC, on the network, logs in, reboots, stops', {
  skip,
}, async t => {
  const h = harness(t);
  const name = h.name('a');
  const { url } = await loopback(t, repository);
  const words = ['-t', 'alpine', '--', '-r', '3.13', '--mirror', url, '--keyring', KEY];
  const { stdout, stderr, durationMs } = await h.ok('create', ['-n', name, ...words]);
  t.diagnostic(`created in ${Math.round(durationMs)} ms`);
  assert.match(stdout, new RegExp(`^Installing Alpine v3.13 \\(\\w+\\) from ${url}$`, 'm'));
  const password = readFileSync(join(h.lxcpath, name, 'root-password'), 'utf8').trim();
  assert.ok(stderr.includes(password), 'the password is told once');

  await h.ok('start', ['-n', name]);
  const status = await servicesUp(h, name);
  for (const service of ['bootmisc', 'networking', 'syslog'])
    assert.match(status, new RegExp(`${service} +\\[ +started`));
  assert.doesNotMatch(status, /crashed|inactive|failed/);
  assert.equal(await inside(h, name, 'hostname'), name);
  assert.match(await inside(h, name, 'cat', '/etc/machine-id'), /^[0-9a-f]{32}$/);
  assert.equal(await inside(h, name, 'cat', '/etc/apk/repositories'), `${url}/v3.13/main`);
  assert.match(await inside(h, name, 'apk', 'info'), /^openrc$/m);
  const address = (await h.ok('info', ['-n', name, '-iH'])).stdout
    .split('\n')
    .find(line => /^\d+\.\d/.test(line));
  assert.ok(address !== undefined, 'no IPv4 address by DHCP');
  execFileSync('busybox', ['ping', '-c1', '-W5', address]);

  await logsIn(t, h, { name, tty: '1', password });
  await logsIn(t, h, { name, tty: '0', password });

  const before = (await h.ok('info', ['-n', name, '-pH'])).stdout;
  await inside(h, name, 'reboot');
  await until('another init', async () => {
    const { stdout: now } = await h.run('info', ['-n', name, '-pH']);
    return /\d/.test(now) && now !== before ? true : undefined;
  });
  await servicesUp(h, name);
  const stopped = await h.ok('stop', ['-n', name]);
  t.diagnostic(`stopped in ${Math.round(stopped.durationMs)} ms`);
  assert.ok(stopped.durationMs < STOP_MS);
  assert.equal(stopped.stderr, '');
  // OpenRC itself went down, and ran its last service.
  const rootfs = (await h.ok('mount', ['-n', name])).stdout.trim();
  assert.ok(existsSync(join(rootfs, 'lib/rc/cache/deptree')));
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  await h.ok('umount', ['-n', name]);
});

test('a minirootfs of the user’s brings apk, and the mirror’s index is checked by the keyring', {
  skip,
}, async t => {
  const h = harness(t);
  const { url } = await loopback(t, repository);
  const name = h.name('m');
  await h.ok('create', [
    ...['-n', name, '-t', 'alpine', '--full', '--', '-r', 'v3.13', '--mirror', url, '--keyring', KEY],
    ...['--minirootfs', MINIROOTFS],
  ]);
  assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/sbin/openrc')));
  assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/etc/apk/keys/tslxc-test.rsa.pub')));
});

/** The template by itself. */
const template = (...words: string[]) =>
  promisify(execFile)(join(installation().templates, 'tslxc-alpine'), words);

test('words that could be more than a word are refused, and a mirror without the release is named', {
  skip,
}, async t => {
  const { url } = await loopback(t, repository);
  const refused: [string[], RegExp][] = [
    [['-r', '../3.13'], /not a release/],
    [['-r', '3.13/../../x'], /not a release/],
    [['-a', 'x86_64;id'], /not an architecture/],
    [['--packages', 'a,b --allow-untrusted'], /not a list of packages/],
    [['--packages', '--allow-untrusted'], /not a list of packages/],
    [['--mirror', 'file:///etc'], /not a URL/],
    [['--mirror', 'http://x\nhttp://y'], /not a URL/],
    [['--minirootfs-sha256', 'g'], /not a sha256/],
    [['--keyring', '/nonexistent'], /--keyring \/nonexistent: not an RSA public key/],
    [['-r', '9.99', '--mirror', url, '--keyring', KEY], /has no Alpine v9\.99 for \w+/],
  ];
  // By itself: what this phase refuses, create refuses.
  for (const [words, message] of refused)
    await assert.rejects(template('--phase=look', ...words), { code: 1, stderr: message });

  const h = harness(t);
  const words = ['-r', '3.13', '--mirror', url, '--keyring', KEY, '--packages', 'nosuch'];
  const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', 'alpine', '--', ...words]);
  assert.equal(status, 1);
  assert.match(stderr, /apk can't install alpine-base nosuch: .*nosuch/);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.deepEqual(entriesOf(h), []);
});

test('what can be chosen is what the mirror lists, the newest first', { skip }, async t => {
  const { url } = await loopback(t, path =>
    path === '/'
      ? '<a href="v3.9/">v3.9/</a><a href="v3.20/">v3.20/</a><a href="edge/"><a href="last">'
      : 404,
  );
  const offers = (mirror: string) => template('--phase=offers', '--arch', 'x86_64', '--mirror', mirror);
  assert.equal((await offers(url)).stdout, 'latest-stable x86_64\n3.20 x86_64\n3.9 x86_64\nedge x86_64\n');
  assert.equal((await offers(`${url}/none`)).stdout, '');
});
