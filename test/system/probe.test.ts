import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GuestFacts } from '../../src/facts/model.ts';
import { executor, finished, temporaryDirectory } from './live.ts';

async function probe(rootfs: string, ...more: string[]): Promise<GuestFacts> {
  const { status, stdout, stderr } = await finished(
    spawn(executor(), ['probe', 'guest', '--rootfs', rootfs, ...more]),
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.toString()) as GuestFacts;
}

/** A tree with these files; text, or a link when it begins with "-> ". */
function tree(t: TestContext, files: Readonly<Record<string, string | Buffer>>): string {
  const root = join(temporaryDirectory(t), 'root');
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (typeof content === 'string' && content.startsWith('-> '))
      symlinkSync(content.slice(3), join(root, path));
    else writeFileSync(join(root, path), content, { mode: 0o755 });
  }
  return root;
}

const elf = (bits: 32 | 64, words: string): Buffer =>
  Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits === 32 ? 1 : 2]),
    Buffer.alloc(70_000),
    Buffer.from(words),
  ]);

test('inits are told apart by the words in them, wherever those lie', async t => {
  const cases: [string | Buffer, Partial<GuestFacts['init']>, boolean][] = [
    [
      elf(64, 'systemd 252.39-1~deb12u1 running in %ssystem mode (%s)\0'),
      { kind: 'systemd', version: 252 },
      false,
    ],
    [elf(64, 'systemd 219 running in %ssystem mode. (\0'), { kind: 'systemd', version: 219 }, false],
    [elf(32, 'systemd\0systemd 257.9 running in %ssystem mode\0'), { kind: 'systemd', version: 257 }, true],
    [elf(64, 'BusyBox v1.36.1\0/etc/inittab\0'), { kind: 'busybox' }, false],
    [elf(64, 'com.ubuntu.Upstart\0'), { kind: 'upstart' }, false],
    [elf(64, '/run/openrc/init.ctl\0'), { kind: 'openrc' }, false],
    [elf(32, '/etc/inittab\0'), { kind: 'sysvinit' }, true],
    [elf(64, 'systemd is what this is not\0'), { kind: 'other' }, false],
    ['', { kind: 'other' }, false],
  ];
  for (const [content, expected, is32Bit] of cases) {
    const root = tree(t, { 'sbin/init': content });
    const facts = await probe(`dir:${root}`);
    const { file, ...init } = facts.init;
    assert.deepEqual(init, expected);
    assert.equal(facts.is32Bit, is32Bit);
    const { dev, ino, size, mtimeNs } = statSync(join(root, 'sbin/init'), { bigint: true });
    assert.deepEqual(file, {
      layer: root,
      path: '/sbin/init',
      dev: Number(dev),
      ino: Number(ino),
      size: Number(size),
      mtimeNs: String(mtimeNs),
    });
  }
});

test('words across the borders of what is read at once', async t => {
  for (const offset of [65536, 65536 * 2 + 128])
    for (const shift of [-40, -20, -5, 0]) {
      const bytes = Buffer.concat([Buffer.alloc(offset + shift), Buffer.from('systemd 255 running in')]);
      const facts = await probe(`dir:${tree(t, { 'sbin/init': bytes })}`);
      assert.equal(facts.init.version, 255);
    }
});

test('links stay in the tree, and absolute ones begin at its root', async t => {
  const root = tree(t, {
    'usr/lib/systemd/systemd': elf(64, 'systemd 247.3 running in'),
    'usr/sbin/init': '-> /lib/systemd/systemd',
    lib: '-> usr/lib',
    sbin: '-> ../../../../usr/sbin',
  });
  const { init } = await probe(`dir:${root}`);
  assert.equal(init.version, 247);
  assert.equal(init.file?.path, '/usr/lib/systemd/systemd');
});

test('what is no program in the tree is missing, and is never opened', async t => {
  const outside = join(temporaryDirectory(t), 'init');
  writeFileSync(outside, elf(64, 'systemd 252 running in'));
  const made: ((init: string) => void)[] = [
    () => undefined,
    init => symlinkSync(outside, init),
    init => symlinkSync('/proc/self/exe', init),
    init => symlinkSync('init', init),
    init => mkdirSync(init),
    init => execFileSync('mkfifo', [init]),
    init => execFileSync('mknod', [init, 'c', '5', '0']),
  ];
  for (const make of made) {
    const root = tree(t, { 'sbin/other': '' });
    make(join(root, 'sbin/init'));
    const { init } = await probe(`dir:${root}`);
    assert.deepEqual(init, { kind: 'missing' });
  }
});

test('a script is as wide as its interpreter', async t => {
  const root = tree(t, { 'bin/sh': elf(32, ''), 'sbin/init': '#!/bin/sh -e\nexit 0\n' });
  const { init, is32Bit } = await probe(`dir:${root}`);
  assert.equal(init.kind, 'other');
  assert.equal(is32Bit, true);
});

test('another init than /sbin/init', async t => {
  const root = tree(t, { 'opt/run': elf(64, 'BusyBox v1.36.1') });
  assert.equal((await probe(`dir:${root}`, '--init', '/opt/run')).init.kind, 'busybox');
  assert.equal((await probe(`dir:${root}`)).init.kind, 'missing');
});

test('an overlay is read as one tree, and the layer is named', async t => {
  const lower = tree(t, {
    'usr/bin/busybox': elf(64, 'BusyBox v1.36.1'),
    'sbin/init': '-> ../usr/bin/busybox',
  });
  const upper = tree(t, {});
  const spec = `overlay:${lower}:${upper}`;
  assert.deepEqual((await probe(spec)).init.file?.layer, lower);
  mkdirSync(join(upper, 'usr/bin'), { recursive: true });
  copyFileSync(join(lower, 'usr/bin/busybox'), join(upper, 'usr/bin/busybox'));
  assert.deepEqual((await probe(spec)).init.file?.layer, upper);
  rmSync(join(upper, 'usr/bin/busybox'));
  execFileSync('mknod', [join(upper, 'usr/bin/busybox'), 'c', '0', '0']);
  assert.deepEqual((await probe(spec)).init, { kind: 'missing' });
});

test('paths with colons and commas', async t => {
  const lower = tree(t, { 'a:b,c/sbin/init': elf(64, 'BusyBox v1.36.1') });
  const upper = tree(t, {});
  const odd = join(lower, 'a:b,c');
  assert.equal((await probe(`overlay:${odd}:${upper}`)).init.file?.layer, odd);
});

test('shifted and idmappable are seen on the tree itself', async t => {
  const root = tree(t, { 'sbin/init': '' });
  assert.equal((await probe(`dir:${root}`)).stored, 'unshifted');
  chownSync(root, 100_000, 100_000);
  assert.equal((await probe(`dir:${root}`)).stored, 'shifted');
  // procfs takes no idmapped mounts.
  assert.equal((await probe('dir:/proc/sys')).idmappable, false);
});

test('a missing rootfs and an unknown kind are one line', async () => {
  for (const [rootfs, words] of [
    ['dir:/nonexistent', 'probe: /nonexistent: No such file or directory\n'],
    ['zfs:tank/c', 'probe: zfs: Not supported\n'],
  ] as const) {
    const { status, stderr } = await finished(spawn(executor(), ['probe', 'guest', '--rootfs', rootfs]));
    assert.equal(status, 1);
    assert.equal(stderr, words);
  }
});
