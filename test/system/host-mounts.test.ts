// What comes from the host keeps its flags, whatever the container's root does; and what its devices program denies is denied.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBusyboxTree } from './busybox-tree.ts';
import { type Harness, harness } from './harness.ts';

test('a device node in the tree stays dead, also after every remount that root of the container can try', async t => {
  const h = harness(t);
  const root = await started(h, 'planted', [], tree => {
    execFileSync('mknod', ['-m', '0666', join(tree, 'planted'), 'c', '1', '5']);
  });
  const tries = [
    'mount -o remount,bind,dev /',
    'mount -o remount,dev /',
    'mkdir /x; mount -o bind / /x; mount -o remount,bind,dev /x',
  ];
  assert.notEqual(inside(root, 'dd if=/planted of=/tmp/got bs=1 count=1').status, 0);
  for (const attempt of tries) {
    inside(root, attempt);
    assert.notEqual(inside(root, 'dd if=/planted of=/tmp/got bs=1 count=1').status, 0, attempt);
    assert.notEqual(inside(root, 'dd if=/x/planted of=/tmp/got bs=1 count=1').status, 0, attempt);
  }
});

test('a read-only bind of the host cannot be made writable from within', async t => {
  const h = harness(t);
  const share = join(h.directory, 'share');
  mkdirSync(share);
  execFileSync('chmod', ['0777', share]);
  const root = await started(h, 'readonly', [
    `lxc.mount.entry = ${share} ro none bind,ro,create=dir 0 0`,
    `lxc.mount.entry = ${share} rw none bind,create=dir 0 0`,
  ]);
  assert.equal(inside(root, 'touch /rw/written').status, 0, 'the tree itself is writable');
  assert.notEqual(inside(root, 'touch /ro/denied').status, 0);
  inside(root, 'mount -o remount,bind,rw /ro');
  assert.notEqual(inside(root, 'touch /ro/denied').status, 0);
});

test('a devices program denies what no rule allows', async t => {
  const h = harness(t);
  const rules = [
    'deny = a',
    'allow = c 1:3 rwm',
    'allow = c 5:* rw',
    'allow = c 136:* rw',
    'allow = c 1:5 w',
  ];
  const root = await started(
    h,
    'devices',
    rules.map(rule => `lxc.cgroup2.devices.${rule}`),
  );
  assert.equal(inside(root, 'echo >/dev/null').status, 0);
  assert.equal(inside(root, 'echo >/dev/zero').status, 0, 'writing is allowed');
  assert.notEqual(inside(root, 'dd if=/dev/zero of=/tmp/x bs=1 count=1').status, 0, 'reading is not');
  assert.notEqual(inside(root, 'dd if=/dev/urandom of=/tmp/x bs=1 count=1').status, 0);
});

/** Starts a busybox with an unprivileged root; gives its init's pid. */
async function started(
  h: Harness,
  suffix: string,
  lines: readonly string[],
  plant: (tree: string) => void = () => {},
): Promise<string> {
  const name = h.name(suffix);
  const home = join(h.lxcpath, name);
  mkdirSync(home, { mode: 0o711 });
  makeBusyboxTree(join(home, 'rootfs'));
  plant(join(home, 'rootfs'));
  const base = [
    `lxc.rootfs.path = dir:${home}/rootfs`,
    `lxc.idmap = u 0 ${h.firstId} 65536`,
    `lxc.idmap = g 0 ${h.firstId} 65536`,
    'lxc.net.0.type = empty',
    'lxc.mount.auto = proc sys',
  ];
  writeFileSync(join(home, 'config'), `${[...base, ...lines].join('\n')}\n`);
  await h.ok('start', ['-n', name]);
  return (await h.ok('info', ['-n', name, '-pH'])).stdout.trim();
}

/** A shell line as root of the container, in all its namespaces and its control group. */
function inside(pid: string, line: string): { status: number | null } {
  const join = `echo $$ >/sys/fs/cgroup/unified$(sed -n 's/^0:://p' /proc/${pid}/cgroup)/cgroup.procs && exec nsenter -t ${pid} -a -- /bin/sh -c "$0"`;
  return spawnSync('/bin/sh', ['-c', join, line], { stdio: 'ignore' });
}
