// A small world of network namespaces in which the default bridge is made: nothing of the host's own network is touched.
//
//   guest ──(bridge)── host ──(uplink 198.51.100.0/24)── outside

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../src/host/installation.ts';
import type { Harness, RunResult } from './harness.ts';

export const OUTSIDE = '198.51.100.2';
export const UPLINK = '198.51.100.1';

export interface World extends AsyncDisposable {
  /** tslxc-net in the namespace that plays the host. */
  net(...args: string[]): Promise<RunResult>;
  /** The same on a host whose directory is empty. */
  without(directory: string, ...args: string[]): Promise<RunResult>;
  /** Runs a program in a namespace; its output. Fails the test unless it exits 0. */
  run(where: string, program: string, ...args: string[]): string;
  /** Leaves a program running; it is ended with the world. */
  begin(where: string, program: string, ...args: string[]): ChildProcess;
  /** A namespace with eth0 plugged into the bridge. */
  guest(suffix: string): string;
  readonly host: string;
  readonly outside: string;
}

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export function makeWorld({ id, env, bridge, directory }: Harness): World {
  const namespaces: string[] = [];
  const children: ChildProcess[] = [];
  const add = (suffix: string): string => {
    const name = `${id}-${suffix}`;
    ip('netns', 'add', name);
    namespaces.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return name;
  };
  const [host, outside] = [add('host'), add('outside')];
  ip('-n', host, 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'eth0', 'netns', outside);
  ip('-n', host, 'address', 'add', `${UPLINK}/24`, 'dev', 'uplink');
  ip('-n', outside, 'address', 'add', `${OUTSIDE}/24`, 'dev', 'eth0');
  ip('-n', host, 'link', 'set', 'uplink', 'up');
  ip('-n', outside, 'link', 'set', 'eth0', 'up');
  // Its own name server, so that the host's plays no part. The mount is seen by what this shell starts alone.
  const resolver = join(directory, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${OUTSIDE}\n`);
  const net = (prepare: string, args: readonly string[]): Promise<RunResult> => {
    const program = join(installation().root, 'dist/bin/tslxc-net');
    const script = `mount --bind ${resolver} /etc/resolv.conf && ${prepare} && exec "$@"`;
    return outcome(spawn('ip', ['netns', 'exec', host, 'sh', '-c', script, 'sh', program, ...args], { env }));
  };

  return {
    host,
    outside,
    net: (...args) => net('true', args),
    without: (directory, ...args) => net(`mount -t tmpfs none ${directory}`, args),
    run: (where, program, ...args) =>
      execFileSync('ip', ['netns', 'exec', where, program, ...args], { encoding: 'utf8', env }),
    begin: (where, program, ...args) => {
      const child = spawn('ip', ['netns', 'exec', where, program, ...args], { env });
      children.push(child);
      return child;
    },
    guest: suffix => {
      const name = add(suffix);
      ip('-n', host, 'link', 'add', `v${suffix}`, 'type', 'veth', 'peer', 'eth0', 'netns', name);
      ip('-n', host, 'link', 'set', `v${suffix}`, 'master', bridge);
      ip('-n', host, 'link', 'set', `v${suffix}`, 'up');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      return name;
    },
    async [Symbol.asyncDispose]() {
      await this.net('stop');
      for (const child of children) await ended(child);
      for (const name of namespaces) ip('netns', 'delete', name);
    },
  };
}

async function outcome(child: ChildProcess): Promise<RunResult> {
  const began = performance.now();
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', part => {
    text.stdout += part;
  });
  child.stderr?.setEncoding('utf8').on('data', part => {
    text.stderr += part;
  });
  const status = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? 128)));
  return { status, ...text, durationMs: performance.now() - began };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });
}

/** The first text of the child's output that matches; fails when it ends before. */
export async function waitFor(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for await (const part of child.stdout ?? []) {
    text += part;
    const found = pattern.exec(text);
    if (found) return found;
  }
  assert.fail(`ended without ${pattern}: ${text}`);
}

export interface Lease {
  readonly ip: string;
  readonly router: string;
  readonly dns: string;
}

/** A real DHCP client in the guest: its lease, applied to eth0. */
export function lease(world: World, { directory }: Harness, guest: string, hostname: string): Lease {
  const script = join(directory, 'lease.sh');
  writeFileSync(
    script,
    `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
ip route add default via "$router"
echo "{\\"ip\\":\\"$ip\\",\\"router\\":\\"$router\\",\\"dns\\":\\"$dns\\"}"
`,
  );
  chmodSync(script, 0o755);
  const said = world.run(
    guest,
    'busybox',
    'udhcpc',
    '-i',
    'eth0',
    '-q',
    '-n',
    '-f',
    '-t',
    '5',
    '-T',
    '2',
    '-s',
    script,
    '-x',
    `hostname:${hostname}`,
  );
  return JSON.parse(said.split('\n').find(line => line.startsWith('{')) ?? '{}') as Lease;
}
