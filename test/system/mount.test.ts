// tslxc-mount and tslxc-umount: what the host changes in a stopped container's tree, the container sees, and the other way round.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from './harness.ts';

const NO_NETWORK = { defaultConfig: 'lxc.net.0.type = empty\n' };

/** A container whose lower layer lies elsewhere, as a base does, with files to be changed in it. */
async function overlayContainer(
  t: TestContext,
  more: readonly string[] = [],
): Promise<{ h: Harness; name: string; rootfs: string }> {
  const h = harness(t, NO_NETWORK);
  const name = h.name('m');
  await h.ok('create', ['-n', name, '-t', 'busybox', '-B', 'overlay', ...more]);
  const directory = join(h.lxcpath, name);
  const rootfs = join(directory, 'rootfs');
  const base = join(h.directory, 'base');
  if (readdirSync(rootfs).length > 0) {
    renameSync(rootfs, base);
    mkdirSync(rootfs);
    const config = h.config(name).replace(`overlay:${rootfs}:`, `overlay:${base}:`);
    writeFileSync(join(directory, 'config'), config);
  }
  return { h, name, rootfs };
}

test('what root changes through chroot is what the started container has', async t => {
  const { h, name, rootfs } = await overlayContainer(t);
  const shown = await h.ok('mount', ['-n', name]);
  assert.deepEqual([shown.stdout, shown.stderr], [`${rootfs}\n`, '']);
  // No propagation field before the dash: nothing travels. The notes of what is gone are those of a start.
  assert.match(mountLine(rootfs), / rw,nosuid,nodev,relatime - overlay .*\buserxattr\b/);
  // The container's own root: host id 0, as it is stored.
  execFileSync('chroot', [rootfs, '/bin/sh', '-c', 'printf "secret\nsecret\n" | passwd root'], {
    stdio: 'pipe',
  });
  const shadow = readFileSync(join(rootfs, 'etc/shadow'), 'utf8');
  assert.match(shadow, /^root:\$/m);
  assert.equal((await h.ok('mount', [name])).stdout, `${rootfs}\n`, 'a second time is no other');
  assert.equal(mountLines(rootfs).length, 1);
  assert.equal((await h.ok('umount', [name])).stderr, '');
  assert.deepEqual(readdirSync(rootfs), []);
  await h.ok('start', [name]);
  const seen = await h.ok('attach', [
    '-n',
    name,
    '--',
    'sh',
    '-c',
    'cat /etc/shadow; stat -c %u:%g /etc/shadow',
  ]);
  assert.equal(seen.stdout, `${shadow}0:0\n`);
});

test('removed files and replaced directories are the same on both sides', async t => {
  for (const more of [[], ['--privileged']]) {
    const { h, name, rootfs } = await overlayContainer(t, more);
    const inside = (script: string) => h.ok('attach', ['-n', name, '--', 'sh', '-ec', script]);
    await h.ok('start', [name]);
    await inside(
      'rm /etc/hostname; rm -r /usr/share /etc/init.d; mkdir /etc/init.d; echo a > /etc/init.d/mine',
    );
    await h.ok('stop', [name, '-k']);
    await h.ok('mount', [name, '-q']);
    assert.equal(existsSync(join(rootfs, 'etc/hostname')), false);
    assert.equal(existsSync(join(rootfs, 'usr/share')), false);
    assert.deepEqual(readdirSync(join(rootfs, 'etc/init.d')), ['mine']);
    rmSync(join(rootfs, 'etc/group'));
    rmSync(join(rootfs, 'usr/bin'), { recursive: true });
    mkdirSync(join(rootfs, 'usr/bin'));
    writeFileSync(join(rootfs, 'usr/bin/ours'), '');
    await h.ok('umount', [name]);
    await h.ok('start', [name]);
    const seen = await inside('ls /usr/bin /etc/init.d; test -e /etc/group || echo gone');
    assert.equal(seen.stdout, '/etc/init.d:\nmine\n\n/usr/bin:\nours\ngone\n');
  }
});

test('while it is mounted it neither starts nor goes, while it runs it is not mounted', async t => {
  const { h, name, rootfs } = await overlayContainer(t);
  const hook = join(h.directory, 'hook');
  writeFileSync(hook, `#!/bin/sh\n: > ${h.directory}/hook-ran\n`, { mode: 0o755 });
  writeFileSync(join(h.lxcpath, name, 'config'), `${h.config(name)}lxc.hook.destroy = ${hook}\n`);
  await h.ok('mount', [name]);
  const start = await h.run('start', [name]);
  assert.equal(start.status, 1);
  assert.match(start.stderr, new RegExp(`its tree is mounted on the host, at ${rootfs}`));
  assert.match(start.stderr, new RegExp(`tslxc-umount -n ${name}\\b`));
  for (const force of [[], ['-f']]) {
    const destroy = await h.run('destroy', [name, ...force]);
    assert.equal(destroy.status, 1);
    assert.match(destroy.stderr, new RegExp(`rootfs is a mount point\n.*tslxc-umount -n ${name}\\b`));
  }
  assert.equal(existsSync(join(h.directory, 'hook-ran')), false);

  const worker = spawn('sh', ['-c', 'echo; read -r _'], { cwd: rootfs, stdio: ['pipe', 'pipe', 'ignore'] });
  await once(worker.stdout, 'data');
  const busy = await h.run('umount', [name]);
  assert.equal(busy.status, 1);
  assert.match(busy.stderr, new RegExp(`in use by sh \\(pid ${worker.pid}\\)`));
  worker.stdin.end('\n');
  await once(worker, 'close');
  execFileSync('mount', ['--bind', '/dev', join(rootfs, 'dev')]);
  const nested = await h.run('umount', [name]);
  assert.match(nested.stderr, new RegExp(`${rootfs}/dev is a mount point in it\n.*umount ${rootfs}/dev`));
  execFileSync('umount', [join(rootfs, 'dev')]);
  await h.ok('umount', [name]);
  assert.match((await h.ok('umount', [name])).stderr, /nothing of it is mounted/);

  await h.ok('start', [name]);
  const running = await h.run('mount', [name]);
  assert.equal(running.status, 1);
  assert.match(running.stderr, new RegExp(`is running\n.*tslxc-attach -n ${name}`));
  assert.deepEqual(mountLines(rootfs), []);
  await h.ok('stop', [name, '-k']);
  await h.ok('mount', [name]);
  await h.ok('umount', [name]);
  await h.ok('destroy', [name]);
  assert.equal(existsSync(join(h.directory, 'hook-ran')), true);
});

test('an overlay over its own rootfs, as -B overlay makes it without a base', async t => {
  const h = harness(t, NO_NETWORK);
  const name = h.name('m');
  const directory = join(h.lxcpath, name);
  const rootfs = join(directory, 'rootfs');
  await h.ok('create', ['-n', name, '-t', 'busybox', '-B', 'overlay']);
  const lower = rootfs;
  writeFileSync(
    join(directory, 'config'),
    h
      .config(name)
      .replace(/^lxc\.rootfs\.path = .*$/m, `lxc.rootfs.path = overlay:${lower}:${directory}/overlay/delta`),
  );
  writeFileSync(join(rootfs, 'below'), 'below');
  writeFileSync(join(directory, 'overlay/delta/above'), 'above');
  await h.ok('mount', [name]);
  assert.equal(readFileSync(join(rootfs, 'below'), 'utf8'), 'below');
  rmSync(join(rootfs, 'below'));
  assert.equal(readFileSync(join(rootfs, 'above'), 'utf8'), 'above');
  await h.ok('umount', [name]);
  assert.equal(readFileSync(join(rootfs, 'below'), 'utf8'), 'below', 'the lower layer is as it was');
});

test('a directory is there already, and its shifted ids are told', async t => {
  const h = harness(t, NO_NETWORK);
  const name = h.name('d');
  await h.ok('create', ['-n', name, '-t', 'busybox', '-B', 'dir', '--dir', join(h.directory, 'tree')]);
  const shown = await h.ok('mount', [name]);
  assert.equal(shown.stdout, `${h.directory}/tree\n`);
  assert.match(shown.stderr, /its tree is a directory: nothing needs to be mounted/);
  assert.equal((await h.ok('mount', ['-q', name])).stderr, '');
  assert.match((await h.ok('umount', [name])).stderr, /nothing of it is mounted/);
  writeFileSync(join(h.lxcpath, name, '.tslxc/stored'), 'shifted\n');
  assert.match(
    (await h.ok('mount', [name])).stderr,
    new RegExp(`ids on its disk are shifted: its root is ${h.firstId} `),
  );
  const absent = await h.run('mount', [h.name('none')]);
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /is not defined/);
});

test('what may not be mounted over is refused', async t => {
  const { h, name, rootfs } = await overlayContainer(t);
  rmSync(rootfs, { recursive: true });
  execFileSync('ln', ['-s', '/etc', rootfs]);
  const link = await h.run('mount', [name]);
  assert.equal(link.status, 1);
  assert.match(link.stderr, /rootfs is not a directory/);
  rmSync(rootfs);
  const made = await h.ok('mount', [name]);
  assert.equal(made.stdout, `${rootfs}\n`);
  assert.notEqual(statSync(rootfs).dev, statSync(join(rootfs, '..')).dev);
  await h.ok('umount', [name]);
  execFileSync('mount', ['-t', 'tmpfs', 'none', rootfs]);
  const foreign = await h.run('mount', [name]);
  execFileSync('umount', [rootfs]);
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /is a mount point of something else \(tmpfs\)/);
});

function mountLines(point: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line.split(' ')[4] === point);
}

function mountLine(point: string): string {
  const [line = ''] = mountLines(point);
  return line;
}
