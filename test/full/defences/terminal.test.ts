// Attacks on the terminal of whoever attaches (security-lessons 1b).

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../../src/host/installation.ts';
import { Terminal } from '../../system/live.ts';
import { attackBothBuilds, type Ground, makeContainer, plantAttack } from './builds.ts';

for (const [title, redirection] of [
  ['the terminal of who attaches is typed into', ''],
  ['… also when attach has neither input nor output on it', ' </dev/null >/dev/null 2>&1'],
] as const) {
  attackBothBuilds('own_pty', title, async ground => await typesIntoTerminal(ground, redirection));
}

async function typesIntoTerminal(ground: Ground, redirection: string): Promise<boolean> {
  assert.equal(
    readFileSync('/proc/sys/dev/tty/legacy_tiocsti', 'utf8').trim(),
    '1',
    'this kernel has no TIOCSTI',
  );
  const { t, host, env } = ground;
  const { name, rootfs } = await makeContainer(ground, 'push');
  plantAttack(rootfs, 'push');
  await host.ok('start', ['-n', name]);
  const canary = join(host.directory, 'canary');
  const terminal = new Terminal(t, '/bin/sh', ['-i'], { ...host.env, ...env, PS1: '% ' });
  await terminal.see('% ');
  const attach = join(installation().root, 'dist/bin/tslxc-attach');
  terminal.write(`${attach} -n ${name} -- /push "touch ${canary}\n"${redirection}; echo back-$?\n`);
  await terminal.see('back-0');
  // Longer than the attack waits; then the shell is asked, behind whatever was typed into it.
  terminal.write('sleep 1.5; echo later-$((1+1))\n');
  await terminal.see('later-2');
  terminal.write('echo last-$((1+1))\n');
  await terminal.see('last-2');
  return existsSync(canary);
}
