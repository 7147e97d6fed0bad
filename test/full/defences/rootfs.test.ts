// Trees that are made to mislead: what is in them never decides where we mount or write (security-lessons 1a).

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { compileAttack, digestOf, ground, initOf, makeCanary, makeContainer } from './builds.ts';

/** What start makes in a /dev that is the tree's own. */
const MADE = ['dev/console', 'dev/tty1', 'dev/ptmx', 'dev/fd', 'dev/pts', 'dev/stdin'];

const PLANTS: Readonly<Record<string, (path: string, canary: string) => void>> = {
  'a symlink to a file outside': (path, canary) => symlinkSync(join(canary, 'ptmx'), path),
  'a dangling symlink outside': (path, canary) => symlinkSync(join(canary, 'made'), path),
  'a symlink that climbs out': (path, canary) => symlinkSync(`../../../../../../../..${canary}`, path),
  'a FIFO': path => execFileSync('mkfifo', [path]),
  'a block device': path => execFileSync('mknod', [path, 'b', '7', '200']),
  'a directory': path => mkdirSync(path),
};

for (const [kind, plant] of Object.entries(PLANTS)) {
  test(`where start makes its files there is ${kind}: nothing outside is touched, and start comes to an end`, async t => {
    const base = ground(t);
    const { host } = base;
    const canary = makeCanary(host);
    const { name, rootfs } = await makeContainer(base, 'corpus', ['lxc.autodev = 0']);
    const before = digestOf(canary);
    for (const path of MADE) {
      rmSync(join(rootfs, path), { recursive: true, force: true });
      mkdirSync(dirname(join(rootfs, path)), { recursive: true });
      plant(join(rootfs, path), canary);
      const { status, stderr } = await host.run('start', ['-n', name], { timeoutMs: 20_000 });
      assert.equal(digestOf(canary), before, path);
      if (status === 0) await host.ok('stop', ['-n', name, '-k']);
      else assert.match(stderr, /dev/, 'says where');
      rmSync(join(rootfs, path), { recursive: true, force: true });
    }
  });
}

test('a directory and a symlink change places while containers start: nothing outside is made or covered', async t => {
  const base = ground(t);
  const { host } = base;
  const canary = makeCanary(host);
  const entries = ['a', 'b/c'].map(path => `lxc.mount.entry = none mnt/x/${path} tmpfs create=dir 0 0`);
  const { name, rootfs } = await makeContainer(base, 'race', entries);
  mkdirSync(join(rootfs, 'mnt/x'));
  symlinkSync(canary, join(rootfs, 'mnt/link'));
  const before = digestOf(canary);
  const swap = spawn(compileAttack('swap', host.directory), [
    join(rootfs, 'mnt/x'),
    join(rootfs, 'mnt/link'),
  ]);
  try {
    let started = 0;
    for (let n = 0; n < 25; n++) {
      const { status } = await host.run('start', ['-n', name]);
      assert.equal(digestOf(canary), before);
      if (status !== 0) continue;
      started++;
      const mounts = execFileSync('cat', [`/proc/${await initOf(base, name)}/mountinfo`], {
        encoding: 'utf8',
      });
      assert.ok(!mounts.includes(canary));
      await host.ok('stop', ['-n', name, '-k']);
    }
    t.diagnostic(`${started} of 25 started`);
  } finally {
    swap.kill('SIGKILL');
  }
});

test("masks in a privileged container are the host's null device, whatever its tree calls /dev/null", async t => {
  const base = ground(t);
  const { host } = base;
  const canary = makeCanary(host);
  const { name, rootfs } = await makeContainer(base, 'masks', [], true);
  mkdirSync(join(rootfs, 'dev'), { recursive: true });
  rmSync(join(rootfs, 'dev/null'), { force: true });
  symlinkSync(join(canary, 'ptmx'), join(rootfs, 'dev/null'));
  const before = digestOf(canary);
  await host.ok('start', ['-n', name]);
  const look =
    'for f in kcore keys latency_stats sched_debug timer_list; do [ -e /proc/$f ] && stat -c %t:%T /proc/$f; done; :';
  const { stdout } = await host.ok('attach', ['-n', name, '--', '/bin/sh', '-c', look]);
  assert.deepEqual([...new Set(stdout.trim().split('\n'))], ['1:3']);
  assert.equal(digestOf(canary), before);
});

test('a setuid program of a container cannot be reached by users of the host', async t => {
  const base = ground(t);
  const { host } = base;
  const { name, rootfs } = await makeContainer(base, 'setuid');
  await host.ok('start', ['-n', name]);
  await host.ok('attach', [
    '-n',
    name,
    '--',
    '/bin/sh',
    '-c',
    'cp /bin/busybox /planted && chmod 4755 /planted',
  ]);
  const init = await initOf(base, name);
  for (const path of [
    join(rootfs, 'planted'),
    `/proc/${init}/root/planted`,
    join(host.runDir, 'rootfs/planted'),
  ]) {
    const { status } = spawnSync('stat', [path], { uid: 65534, gid: 65534, stdio: 'ignore' });
    assert.notEqual(status, 0, path);
  }
  const run = spawnSync('sh', ['-c', `ls ${host.runDir}/${name}-*`], {
    uid: 65534,
    gid: 65534,
    stdio: 'ignore',
  });
  assert.notEqual(run.status, 0, 'the run directory is closed');
});

test('a value with a control character is refused by start, and not printed', async t => {
  const base = ground(t);
  const { host } = base;
  const { name } = await makeContainer(base, 'control');
  for (const value of ['a\nlxc.cap.drop =', 'a\u001b]0;owned\u0007', 'a\rb', 'a\u007f']) {
    const { status, stderr } = await host.run('start', ['-n', name, '-s', `lxc.uts.name=${value}`]);
    assert.notEqual(status, 0, JSON.stringify(value));
    assert.match(stderr, /control character/);
    assert.doesNotMatch(stderr.replaceAll('\n', ''), /\p{Cc}/u);
  }
});
