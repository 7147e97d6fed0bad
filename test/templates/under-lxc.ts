// Our templates called by LXC itself, and LXC's called by tslxc.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';

/** Why such a test can't run here, or false. */
export const noLxc = existsSync('/usr/bin/lxc-create') ? false : 'the package lxc is not installed';

const IDS = 65536;

/** A template with words for it, or words that name the harness's own places. */
export interface LxcRun {
  readonly template: string;
  readonly words?: readonly string[];
  /** With an id map in the config: the template then runs in a user namespace and the tree is shifted. */
  readonly mapped?: boolean;
  /** What is looked at while it runs. */
  readonly boots?: (h: Harness, name: string) => Promise<void>;
}

/** Creates a container of one of our templates by LXC's command, reads it with LXC's, starts it with ours, destroys it with LXC's. */
export async function runUnderLxc(
  t: TestContext,
  { template, words = [], mapped, boots }: LxcRun,
): Promise<void> {
  const h = harness(t);
  const name = h.name(mapped ? 'mapped' : 'ours');
  t.after(() => rmSync(`/run/lxc/lock/${h.directory}`, { recursive: true, force: true }));
  const at = ['-P', h.lxcpath, '-n', name];
  const first = h.firstId + IDS;
  const config = join(h.directory, 'begin.conf');
  const map = ['u', 'g'].map(kind => `lxc.idmap = ${kind} 0 ${first} ${IDS}\n`);
  writeFileSync(config, `lxc.net.0.type = empty\n${mapped ? map.join('') : ''}`);
  const program = join(installation().templates, `tslxc-${template}`);
  await lxc(h, 'create', [...at, '-f', config, '-t', program, '--', ...words]);
  const text = readFileSync(join(h.lxcpath, name, 'config'), 'utf8');
  assert.match(text, new RegExp(`^lxc.uts.name = ${name}$`, 'm'));
  assert.equal(await lxc(h, 'info', [...at, '-c', 'lxc.tty.max', '-H']), '4\n');
  assert.equal(statSync(join(h.lxcpath, name, 'rootfs/etc/hostname')).uid, mapped ? first : 0);
  await h.ok('start', ['-n', name], { flavour: 'lxc' });
  const inside = await h.ok('attach', ['-n', name, '--', 'cat', '/etc/hostname', '/proc/self/uid_map']);
  const shown = mapped ? `${name}\\n +0 +${first} +${IDS}\\n` : `${name}\\n +0 +0 +\\d+\\n`;
  assert.match(inside.stdout, new RegExp(`^${shown}$`));
  await boots?.(h, name);
  await h.ok('stop', ['-n', name, '-k']);
  await lxc(h, 'destroy', at);
  assert.equal(existsSync(join(h.lxcpath, name)), false);
}

/** Runs one of LXC's own commands, which must go well. A test's servers answer meanwhile. */
async function lxc(h: Harness, verb: string, words: readonly string[]): Promise<string> {
  const child = spawn(`/usr/bin/lxc-${verb}`, words, {
    env: h.env,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const status = await new Promise(resolve => child.once('close', resolve));
  assert.equal(status, 0, `lxc-${verb} ${words.join(' ')}: ${said}`);
  return stdout;
}

/** LXC's template of this name, and why a test of it can't run here. */
export function lxcTemplate(name: string): { path: string; skip: string | false } {
  const path = `/usr/share/lxc/templates/lxc-${name}`;
  return { path, skip: existsSync(path) ? false : `${path} is not there: install lxc and lxc-templates` };
}
