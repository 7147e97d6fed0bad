// Every Debian that the mirror has, from nothing to `running` and back; by both installers; and under LXC itself.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { noLxc, runUnderLxc } from '../templates/under-lxc.ts';

const INSTALL_MS = 600_000;
const BOOT_MS = 60_000;

/** Runs a program in the container, and returns what it prints whatever its status. */
async function inside(h: Harness, name: string, ...words: string[]): Promise<string> {
  return (await h.run('attach', ['-n', name, '--', ...words], { timeoutMs: BOOT_MS })).stdout.trim();
}

async function boots(h: Harness, name: string): Promise<void> {
  await h.ok('start', ['-n', name]);
  for (const end = performance.now() + BOOT_MS; ; ) {
    const state = await inside(h, name, 'systemctl', 'is-system-running', '--wait');
    if (state === 'running') break;
    const failed = await inside(h, name, 'systemctl', '--failed', '--no-legend');
    assert.ok(performance.now() < end && state !== 'degraded', `${state}: ${failed}`);
  }
  const pid = (await h.ok('info', ['-n', name, '-pH'])).stdout.trim();
  assert.ok(Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) >= 100_000);
  const stopped = await h.ok('stop', ['-n', name]);
  assert.ok(stopped.durationMs < 10_000, `stopped in ${stopped.durationMs} ms`);
}

/** `apt-get update` inside; forky's and sid's index may be older than it promises, and apt in there says so too. */
async function updates(h: Harness, name: string, release: string): Promise<void> {
  await h.ok('start', ['-n', name]);
  await inside(h, name, 'systemctl', 'is-system-running', '--wait');
  await inside(h, name, '/lib/systemd/systemd-networkd-wait-online', '--timeout=30');
  const addresses = (await h.ok('info', ['-n', name, '-iH'])).stdout;
  assert.match(addresses, /^\d+\.\d+\.\d+\.\d+$/m, 'an address by DHCP');
  const words = ['-n', name, '--', 'apt-get', 'update'];
  const { status, stderr } = await h.run('attach', words, { timeoutMs: BOOT_MS });
  if (release === 'forky' || release === 'sid')
    assert.ok(status === 0 || /not valid|expired/.test(stderr), stderr);
  else assert.equal(status, 0, stderr);
  await h.ok('stop', ['-n', name]);
}

for (const release of ['bullseye', 'bookworm', 'trixie', 'forky', 'sid']) {
  test(`${release} installs and boots`, async t => {
    const h = harness(t);
    const name = h.name(release);
    const args = ['-n', name, '-t', 'debian', '--', '-r', release];
    const first = await h.run('create', args, { timeoutMs: INSTALL_MS });
    if (/expired on/.test(first.stderr)) {
      t.diagnostic(first.stderr.trim());
      await h.ok('create', [...args, '--accept-expired'], { timeoutMs: INSTALL_MS });
    } else assert.equal(first.status, 0, first.stderr);
    await boots(h, name);
    await updates(h, name, release);
  });
}

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
  await boots(h, name);
});

test('tslxc-debian under LXC’s own lxc-create', { skip: noLxc }, t => runUnderLxc(t, 'debian'));
