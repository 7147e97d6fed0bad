// Root at a container's login prompt, by tslxc-console.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import type { Harness } from './harness.ts';
import { Terminal } from './live.ts';

export interface Login {
  readonly name: string;
  /** 0 is the console. */
  readonly tty: string;
  readonly password: string;
}

/** Logs in as root, sees a shell of the container, leaves it, and leaves the console. */
export async function logsIn(t: TestContext, h: Harness, { name, tty, password }: Login): Promise<void> {
  const program = join(installation().root, 'dist/bin/tslxc-console');
  const terminal = new Terminal(t, program, ['-n', name, '-t', tty], h.env);
  await terminal.see('itself');
  terminal.write('\r');
  await terminal.see(/login: /);
  terminal.write('root\r');
  await terminal.see('Password: ');
  terminal.write(`${password}\r`);
  await terminal.see(`${name}:~# `);
  terminal.write('exit\r');
  await terminal.see(/login: /);
  terminal.write('\x01q');
  assert.equal((await terminal.exit()).status, 0);
}
