// A CentOS as its user has it, made from the shared data: a mirror on the bridge's own address, as the guest reaches it too.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';
import { installation } from '../../src/host/installation.ts';
import type { Harness, RunResult } from '../system/harness.ts';
import { Terminal, until } from '../system/live.ts';
import { folder, loopback, sharedData } from '../templates/loopback.ts';

export const { directory: data, skip } = sharedData('el7-repo');
export const INSTALL_MS = 600_000;
const BOOT_MS = 120_000;

export interface CentOS {
  readonly t: TestContext;
  readonly h: Harness;
  readonly name: string;
}

/** Makes the bridge, and serves the repositories at its address: their URLs, and the address. */
export async function mirrorOnBridge(t: TestContext, h: Harness) {
  await h.ok('net', ['start']);
  const { ipv4 } = JSON.parse((await h.ok('net', ['status', '--format', 'json'])).stdout) as { ipv4: string };
  const [gateway = '', length = ''] = ipv4.split('/');
  const { url } = await loopback(t, folder(data), { host: gateway });
  const options = (release: string) => [
    ...['--repo', `${url}/${release}/os/x86_64/`],
    ...['--keyring', join(data, `${release}/os/x86_64/RPM-GPG-KEY-tslxc-test`)],
  ];
  return { gateway, length, options };
}

/** Runs a shell line in the guest, whatever its status. */
export const shell = ({ h, name }: CentOS, line: string): Promise<RunResult> =>
  h.run('attach', ['-n', name, '--', 'sh', '-c', line], { timeoutMs: BOOT_MS });

/** What a shell line prints, which must go well. */
export async function said(guest: CentOS, line: string): Promise<string> {
  const { status, stdout, stderr } = await shell(guest, line);
  assert.equal(status, 0, `${line}: ${stderr || stdout}`);
  return stdout.trim();
}

/** Waits for the guest to say the word. */
export async function comes(guest: CentOS, line: string, wanted: RegExp, last?: RegExp): Promise<string> {
  const end = performance.now() + BOOT_MS;
  for (;;) {
    const { stdout, stderr } = await shell(guest, line);
    if (wanted.test(stdout)) return stdout.trim();
    const hopeless = last?.test(stdout) || performance.now() > end;
    assert.ok(!hopeless, `${line}: ${stdout}${stderr}`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

/** The password that create left, as the line on stderr told it. */
export function toldPassword({ h, name }: CentOS, stderr: string): string {
  const file = join(h.lxcpath, name, 'root-password');
  const password = readFileSync(file, 'utf8').trim();
  assert.equal(stderr.split(password).length, 2, `${stderr} tells it once`);
  return password;
}

/** Logs in as root on a terminal of the container's, and reads what `line` prints there. */
export async function logsIn({ t, h, name }: CentOS, tty: string, password: string, line: string) {
  const command = join(installation().root, 'dist/bin/tslxc-console');
  const terminal = new Terminal(t, command, ['-n', name, '-t', tty], h.env);
  await terminal.see('itself');
  terminal.write('\r');
  await terminal.see(/login: /);
  terminal.write('root\r');
  await terminal.see('assword: ');
  terminal.write(`${password}\r`);
  await terminal.see(/[#] $/);
  terminal.write(`echo "<$(${line})>"\r`);
  const [, seen = ''] = /<([^$\n]*)>/.exec(await terminal.see(/<[^$\n]*>/)) ?? [];
  terminal.write('exit\r');
  await terminal.see(/login: /);
  terminal.write('\x01q');
  assert.equal((await terminal.exit()).status, 0);
  return seen;
}

/** An IPv4 address, as tslxc-info tells it. */
export const addressOf = ({ h, name }: CentOS): Promise<string> =>
  until(
    'an address',
    async () => /^\d+\.\d+\.\d+\.\d+$/m.exec((await h.ok('info', ['-n', name, '-iH'])).stdout)?.[0],
  );

/** Runs a command over ssh from the host, with a password; OpenSSH asks our program for it. */
export async function overSsh({ h }: CentOS, address: string, password: string, line: string) {
  const askpass = join(h.directory, 'askpass');
  writeFileSync(askpass, `#!/bin/sh\necho '${password}'\n`);
  chmodSync(askpass, 0o700);
  const options = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no', 'PubkeyAuthentication=no'];
  const { stdout } = await execa(
    'ssh',
    [...['LogLevel=ERROR', ...options].flatMap(o => ['-o', o]), `root@${address}`, line],
    {
      env: { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none' },
      timeout: 60_000,
    },
  );
  return stdout.trim();
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
