// Debian with a server for ssh: keys of its own in each container, and root's login by key; with each init that the archive has.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { boots, type Guest, initPid } from '../system/debian-guest.ts';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';

const INSTALL_MS = 600_000;
const STOP_MS = 30_000;

interface Login {
  /** What a command prints that root runs over ssh. */
  run(command: string): string;
  /** The server's keys: kind and key. */
  readonly hostKeys: readonly string[];
}

/** Creates one with a key that may log in; `words` go to the template. */
async function create(h: Harness, name: string, words: readonly string[]): Promise<string> {
  const key = join(h.directory, `${name}-key`);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const args = [
    '-n',
    name,
    '-t',
    'debian',
    `--ssh-key=${key}.pub`,
    '--',
    '--packages',
    'openssh-server',
    ...words,
  ];
  const { status, stderr } = await h.run('create', args, { timeoutMs: INSTALL_MS });
  assert.equal(status, 0, stderr);
  return key;
}

/** Waits until it has an address and both of its keys are served there. */
async function login(h: Harness, name: string, key: string): Promise<Login> {
  const address = await until(
    'an address',
    async () => /^\d+\.\d+\.\d+\.\d+$/m.exec((await h.ok('info', ['-n', name, '-iH'])).stdout)?.[0],
  );
  const hostKeys = await until('host keys', async () => {
    const scan = ['-T', '2', '-t', 'rsa,ed25519', address];
    const lines = execFileSync('ssh-keyscan', scan, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')
      .filter(line => line !== '');
    return lines.length === 2 ? lines.map(line => line.split(' ').slice(1).join(' ')).sort() : undefined;
  });
  const options = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${key}-hosts`, 'BatchMode=yes'];
  const words = [...options.flatMap(option => ['-o', option]), '-i', key, `root@${address}`];
  const run = (command: string) =>
    execFileSync('ssh', [...words, command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  return { run, hostKeys };
}

test('two containers of one base share no host key, and root logs in to each by its own key', async t => {
  const h = harness(t);
  const names = [h.name('a'), h.name('b')];
  const keys: string[] = [];
  for (const name of names) keys.push(await create(h, name, []));
  for (const name of names) {
    const made = readFileSync(
      join(h.lxcpath, name, 'overlay/delta/etc/ssh/ssh_host_ed25519_key.pub'),
      'utf8',
    );
    assert.match(made, new RegExp(` root@${name}$`, 'm'));
    await h.ok('start', ['-n', name]);
  }
  const seen: string[] = [];
  for (const [at, name] of names.entries()) {
    const guest: Guest = { h, name, release: 'stable' };
    await boots(t, guest);
    const { run, hostKeys } = await login(h, name, keys[at] ?? '');
    assert.equal(run('id -u; hostname'), `0\n${name}`);
    assert.deepEqual(
      hostKeys.map(key => key.split(' ')[0]),
      ['ssh-ed25519', 'ssh-rsa'],
    );
    seen.push(...hostKeys);
  }
  assert.equal(new Set(seen).size, 4);
});

for (const init of ['sysvinit', 'openrc'])
  test(`Debian with ${init}: an address, a login, a reboot and a halt`, async (t: TestContext) => {
    const h = harness(t);
    const name = h.name(init);
    const key = await create(h, name, [`--init=${init}`]);
    await h.ok('start', ['-n', name]);
    const first = await login(h, name, key);
    assert.equal(first.run('cat /proc/1/comm; test ! -e /run/systemd/system'), 'init');
    assert.match(first.run('ps ax'), init === 'openrc' ? /getty 38400 tty4/ : /getty 38400 tty1/);
    const guest: Guest = { h, name, release: init };
    const before = await initPid(guest);
    await h.run('attach', ['-n', name, '--', 'reboot']);
    await until('another init', async () => {
      const { stdout } = await h.ok('info', ['-n', name, '-pH']);
      return /^\d+$/.test(stdout.trim()) && Number(stdout) !== before ? true : undefined;
    });
    const second = await login(h, name, key);
    assert.deepEqual(second.hostKeys, first.hostKeys);
    const { durationMs } = await h.ok('stop', ['-n', name]);
    t.diagnostic(`${init}: stopped in ${(durationMs / 1000).toFixed(2)} s`);
    assert.ok(durationMs < STOP_MS);
  });
