// Node raises its soft limit of open files to the hard one. Containers must get the caller's: with half a million, rpm of CentOS 7
// takes minutes for what takes seconds.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from './harness.ts';

test("init and attached commands have the caller's limit of open files", async t => {
  const h = harness(t);
  const name = h.name('files');
  await h.ok('create', ['-n', name, '-t', 'busybox']);
  const bin = join(installation().root, 'dist/bin');
  const shell = (line: string) =>
    execFileSync('/bin/sh', ['-c', `ulimit -Sn 777; ${bin}/${line}; true`], { env: h.env, encoding: 'utf8' });
  shell(`tslxc-start -n ${name}`);
  const pid = (await h.ok('info', ['-n', name, '-pH'])).stdout.trim();
  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max open files\s+777\s/m);
  assert.equal(shell(`tslxc-attach -n ${name} -- sh -c 'ulimit -Sn'`).trim(), '777');
});
