// A Debian as its user has it: created with no flag but -r, booted, on the network, updated, rebooted from within, stopped.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import type { Harness } from './harness.ts';
import { Terminal, until } from './live.ts';

const INSTALL_MS = 600_000;
const BOOT_MS = 60_000;
/** Three times the bar, which is judged by the number that is printed: the machine may be busy. */
const STOP_MS = 3 * 10_000;

export interface Guest {
  readonly h: Harness;
  readonly name: string;
  readonly release: string;
}

/** Installs it; false, and said aloud, when no mirror can be reached. */
export async function install(t: TestContext, { h, name, release }: Guest): Promise<boolean> {
  const args = ['-n', name, '-t', 'debian', '--', '-r', release];
  const first = await h.run('create', args, { timeoutMs: INSTALL_MS });
  if (/can't get .*InRelease/.test(first.stderr)) {
    t.skip(`no mirror: ${first.stderr.trim()}`);
    return false;
  }
  if (/expired on/.test(first.stderr)) {
    t.diagnostic(first.stderr.trim());
    await h.ok('create', [...args, '--accept-expired'], { timeoutMs: INSTALL_MS });
  } else assert.equal(first.status, 0, first.stderr);
  t.diagnostic(`${release}: installed in ${seconds(first.durationMs)}`);
  return true;
}

/** Runs a program in the container, and returns what it prints whatever its status. */
export async function inside({ h, name }: Guest, ...words: string[]): Promise<string> {
  return (await h.run('attach', ['-n', name, '--', ...words], { timeoutMs: BOOT_MS })).stdout.trim();
}

export const initPid = async ({ h, name }: Guest): Promise<number> =>
  Number((await h.ok('info', ['-n', name, '-pH'])).stdout);

/** Waits until systemd has started everything, which must have gone well. */
export async function boots(t: TestContext, guest: Guest): Promise<void> {
  const began = performance.now();
  for (;;) {
    // Empty while its bus is not there yet.
    const state = await inside(guest, 'systemctl', 'is-system-running', '--wait');
    if (state === 'running') break;
    const failed = await inside(guest, 'systemctl', '--failed', '--no-legend');
    assert.ok(performance.now() - began < BOOT_MS && state !== 'degraded', `${state}: ${failed}`);
  }
  t.diagnostic(`${guest.release}: running after ${seconds(performance.now() - began)}`);
}

/** Host ids of its map, as the kernel has it: all of them from 100000 on, in the harness's span. */
export async function mappedIds(guest: Guest): Promise<{ first: number; count: number }> {
  const pid = await initPid(guest);
  const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  assert.ok(uid >= Math.max(100_000, guest.h.firstId), `init runs as ${uid}`);
  const map = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/).map(Number);
  const [nsId, first = 0, count = 0] = map;
  assert.deepEqual([nsId, first, map.length], [0, uid, 3]);
  assert.equal(readFileSync(`/proc/${pid}/gid_map`, 'utf8'), readFileSync(`/proc/${pid}/uid_map`, 'utf8'));
  return { first, count };
}

/** tslxc-console reaches a login prompt on every tty; Ctrl+a q leaves, on a line of its own, with the terminal as it was. */
export async function asksForLogin(t: TestContext, { h, name }: Guest): Promise<void> {
  const command = join(installation().root, 'dist/bin/tslxc-console');
  const script = 'stty -g; "$@"; echo "status $?"; stty -g; echo end';
  for (const tty of ['1', '4', '0']) {
    const terminal = new Terminal(t, 'sh', ['-c', script, 'sh', command, '-n', name, '-t', tty], h.env);
    await terminal.see(`Connected to tty ${tty}\r\n`);
    await terminal.see('itself');
    terminal.write('\r');
    await terminal.see(/login: /);
    terminal.write('\x01q');
    await terminal.see('\r\nstatus 0\r\n');
    await terminal.see('end');
    const settings = terminal.text().match(/^[0-9a-f]+(:[0-9a-f]+){20,}/gm);
    assert.equal(settings?.length, 2);
    assert.equal(settings[0], settings[1]);
  }
}

/** An address by DHCP, and bytes between container and host in both directions. */
export async function reaches(t: TestContext, guest: Guest): Promise<void> {
  const { h, name, release } = guest;
  const address = await until(
    'an address',
    async () => /^\d+\.\d+\.\d+\.\d+$/m.exec((await h.ok('info', ['-n', name, '-iH'])).stdout)?.[0],
  );
  const status = JSON.parse((await h.ok('net', ['status', '--format', 'json'])).stdout) as { ipv4: string };
  const [gateway = ''] = status.ipv4.split('/');
  t.diagnostic(`${release}: ${address}, its host ${gateway}`);
  execFileSync('busybox', ['ping', '-c1', '-W5', address]);
  const server = createServer(socket => socket.end('hello from the host\n'));
  await new Promise<void>(resolve => server.listen(0, gateway, resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  assert.equal(await inside(guest, 'bash', '-c', `cat < /dev/tcp/${gateway}/${port}`), 'hello from the host');
}

/** `apt-get update` inside; forky's and sid's index may be older than it promises, and apt in there says so too. */
export async function updates({ h, name, release }: Guest): Promise<void> {
  const args = ['-n', name, '--', 'apt-get', 'update'];
  const { status, stderr } = await h.run('attach', args, { timeoutMs: 2 * BOOT_MS });
  if (release === 'forky' || release === 'sid')
    assert.ok(status === 0 || /not valid|expired/.test(stderr), stderr);
  else assert.equal(status, 0, stderr);
}

/** A reboot from within ends in another init of the same container. */
export async function reboots(t: TestContext, guest: Guest): Promise<void> {
  const before = await initPid(guest);
  await inside(guest, 'systemctl', 'reboot');
  await until('another init', async () => {
    const { state, pid } = JSON.parse(
      (await guest.h.ok('info', ['-n', guest.name, '--format', 'json'])).stdout,
    ) as { state: string; pid: number | null };
    return state === 'RUNNING' && pid !== null && pid !== before ? true : undefined;
  });
  await boots(t, guest);
}

/** A clean stop: systemd went down by itself, ending its units in their own ways, in time. */
export async function stops(t: TestContext, guest: Guest): Promise<void> {
  const { h, name, release } = guest;
  const onStop = ['-p', 'ExecStop=/bin/touch /root/stopped', '-p', 'RemainAfterExit=yes'];
  await inside(guest, 'systemd-run', '--unit=mark', '-p', 'Type=oneshot', ...onStop, 'true');
  assert.equal(await inside(guest, 'systemctl', 'is-active', 'mark'), 'active');
  const { durationMs, stderr } = await h.ok('stop', ['-n', name]);
  t.diagnostic(`${release}: stopped in ${seconds(durationMs)}`);
  assert.ok(durationMs < STOP_MS, `stopped in ${seconds(durationMs)}`);
  assert.equal(stderr, '');
  assert.ok(existsSync(join(h.lxcpath, name, 'overlay/delta/root/stopped')), 'systemd ran no ExecStop');
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
