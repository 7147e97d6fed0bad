// Our templates called by LXC itself.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';

/** Why such a test can't run here, or false. */
export const noLxc = existsSync('/usr/bin/lxc-create') ? false : 'the package lxc is not installed';

/** Creates, reads and destroys a container of one of our templates with LXC's commands. */
export function runUnderLxc(t: TestContext, template: string): void {
  const h = harness(t);
  const name = h.name('ours');
  const program = join(installation().templates, `tslxc-${template}`);
  t.after(() => rmSync(`/run/lxc/lock/${h.directory}`, { recursive: true, force: true }));
  const at = ['-P', h.lxcpath, '-n', name];
  execFileSync('/usr/bin/lxc-create', [...at, '-t', program], { stdio: 'pipe', env: h.env });
  const config = readFileSync(join(h.lxcpath, name, 'config'), 'utf8');
  assert.match(config, new RegExp(`^lxc.uts.name = ${name}$`, 'm'));
  const info = spawnSync('/usr/bin/lxc-info', [...at, '-c', 'lxc.tty.max', '-H'], { encoding: 'utf8' });
  assert.equal(info.stdout, '4\n');
  execFileSync('/usr/bin/lxc-destroy', at);
  assert.equal(existsSync(join(h.lxcpath, name)), false);
}
