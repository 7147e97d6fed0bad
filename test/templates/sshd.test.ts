import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { entriesOf } from './places.ts';

const skip = existsSync('/usr/sbin/sshd') ? false : 'the package openssh-server is not installed';

/** A client's key, and the words of ssh that log in with it where the host key is the container's own. */
function client(h: Harness): { key: string; words: (address: string, hostKey: string) => string[] } {
  const key = join(h.directory, 'id');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const words = (address: string, hostKey: string): string[] => {
    const [kind, text] = hostKey.split(' ');
    writeFileSync(`${key}.hosts`, `${address} ${kind} ${text}\n`);
    const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${key}.hosts`];
    return ['-i', key, ...options.flatMap(option => ['-o', option]), `root@${address}`];
  };
  return { key, words };
}

/** The public half of a stopped container's host key. */
async function hostKeyOf(h: Harness, name: string): Promise<string> {
  const rootfs = (await h.ok('mount', ['-n', name])).stdout.trim();
  const key = readFileSync(join(rootfs, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  await h.ok('umount', ['-n', name]);
  return key;
}

const addressOf = (h: Harness, name: string): Promise<string> =>
  until(
    'an address',
    async () => /^\d+\.\d+\.\d+\.\d+$/m.exec((await h.ok('info', ['-n', name, '-iH'])).stdout)?.[0],
  );

/** What a command prints over ssh, once sshd answers. */
const over = (words: readonly string[], command: string): Promise<string> =>
  until(`an answer to ${command}`, () => {
    try {
      return execFileSync('ssh', [...words, command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      if ((error as { status?: number }).status === 255) return undefined;
      throw error;
    }
  });

test('the host’s sshd answers from a container of its own, which can’t write what it shares', {
  skip,
}, async t => {
  const h = harness(t);
  const name = h.name('s');
  const { key, words } = client(h);
  await h.ok('create', ['-n', name, '-t', 'sshd', '--', '--auth-key', `${key}.pub`]);
  const hostKey = await hostKeyOf(h, name);
  await h.ok('start', ['-n', name]);
  const login = words(await addressOf(h, name), hostKey);
  const script = [
    'hostname; id -u; cat /proc/self/uid_map',
    'touch /usr/tslxctest && echo wrote',
    'mount -o remount,rw,bind /usr && echo remounted',
    'umount /usr && echo unmounted',
    'tr "\\0" " " </proc/1/cmdline; true',
  ].join('\n');
  const [host, uid, map, init, ...more] = (await over(login, script)).trim().split('\n');
  assert.deepEqual([host, uid], [name, '0']);
  assert.deepEqual(map?.trim().split(/\s+/).map(Number), [0, h.firstId, 65536]);
  assert.match(init ?? '', /^sshd: /);
  assert.deepEqual(more, []);
  assert.equal(existsSync('/usr/tslxctest'), false);
  const { durationMs } = await h.ok('stop', ['-n', name]);
  t.diagnostic(`stopped in ${Math.round(durationMs)} ms`);
});

test('a fixed address with its gateway; each container has a host key of its own', { skip }, async t => {
  // One of many, so that two test runs on one host seldom meet.
  const net = `10.213.${randomBytes(1).readUInt8()}`;
  const h = harness(t, { network: `  ipv4: ${net}.1/24` });
  const { key, words } = client(h);
  const [first, second] = [h.name('a'), h.name('b')];
  for (const [at, name] of [first, second].entries()) {
    const address = ['--address', `${net}.${9 + at}/24`, '--gateway', 'auto'];
    await h.ok('create', ['-n', name, '-t', 'sshd', '--', '-u', `${key}.pub`, ...address]);
  }
  const hostKey = await hostKeyOf(h, first);
  assert.notEqual(hostKey, await hostKeyOf(h, second));
  await h.ok('start', ['-n', first]);
  const route = await over(words(`${net}.9`, hostKey), 'ip -4 route show default');
  assert.ok(route.startsWith(`default via ${net}.1 dev eth0`), route);
});

test('what can be no address, and a key that is not there, are refused', { skip }, async t => {
  const h = harness(t);
  const refused: [string[], RegExp][] = [
    [['-a', '10.0.0.1'], /not an address with its prefix: 10\.0\.0\.1; for example 10\.0\.0\.1\/24/],
    [['-a', '10.0.0.1/24\nlxc.x = y'], /not an address/],
    [['-a', '10.0.0.1/24', '-g', 'x y'], /not an address: x y/],
    [['-g', '10.0.0.1'], /--gateway goes with --address/],
    [['-u', '/nonexistent'], /--auth-key \/nonexistent: there is no such file/],
  ];
  for (const [words, message] of refused) {
    const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', 'sshd', '--', ...words]);
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
  const alone = ['--network', 'none', '-t', 'sshd', '--', '-a', '10.0.0.1/24'];
  const { stderr } = await h.run('create', ['-n', h.name('x'), ...alone]);
  assert.match(stderr, /--address 10\.0\.0\.1\/24: the container has no interface of its own/);
  assert.deepEqual(entriesOf(h), []);
});
