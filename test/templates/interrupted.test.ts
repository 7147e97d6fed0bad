import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Harness, harness } from '../system/harness.ts';
import { entriesOf, processesWith, takenRanges, writeTemplate } from './places.ts';

/** Resolves when the file appears in the harness's directory. */
async function appears(h: Harness, name: string): Promise<void> {
  const watcher = watch(h.directory);
  try {
    while (!existsSync(join(h.directory, name))) await Promise.race([once(watcher, 'change'), delay(500)]);
  } finally {
    watcher.close();
  }
}

/** A template that says it is there and then sleeps, with a child and a mount of its own. */
function sleeper(h: Harness, marker: string): string {
  const mount = `mkdir "$ROOTFS/m"; mount --bind ${h.directory} "$ROOTFS/m"`;
  return writeTemplate(h, 'sleeper', `${mount}\nsleep 98765.${marker} & echo >${h.directory}/began; wait`);
}

async function processesEnd(word: string): Promise<void> {
  for (const end = Date.now() + 2_000; processesWith(word).length > 0; await delay(10)) {
    assert.ok(Date.now() < end, `processes left: ${processesWith(word)}`);
  }
}

test('SIGKILL in the middle: the template dies too, the next command cleans the tree and not what is mounted in it', async t => {
  const h = harness(t);
  const marker = h.id.slice(9).replaceAll(/\D/g, '7');
  const create = h.begin('create', ['-n', h.name('x'), '-t', sleeper(h, marker)]);
  await appears(h, 'began');
  create.kill('SIGKILL');
  await once(create, 'close');
  await processesEnd(`98765.${marker}`);
  assert.equal(takenRanges(h).length, 1);
  rmSync(join(h.directory, 'began'));

  await h.ok('create', ['-n', h.name('y'), '-t', 'busybox']);
  assert.deepEqual(entriesOf(h), [h.name('y')]);
  assert.deepEqual(takenRanges(h).length, 1);
  assert.ok(existsSync(h.settingsFile));
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} cleans up and says so`, async t => {
    const h = harness(t);
    const marker = h.id.slice(9).replaceAll(/\D/g, '7');
    const create = h.begin('create', ['-n', h.name('x'), '-t', sleeper(h, marker)]);
    let told = '';
    create.stderr?.on('data', text => {
      told += text;
    });
    await appears(h, 'began');
    create.kill(signal);
    const [code] = await once(create, 'close');
    assert.equal(code, status);
    assert.match(told, new RegExp(`interrupted by ${signal}; what was made is removed`));
    await processesEnd(`98765.${marker}`);
    assert.deepEqual(entriesOf(h), []);
    assert.deepEqual(takenRanges(h), []);
    assert.ok(existsSync(h.settingsFile));
  });
}

test('a create that runs is not disturbed by another that cleans', async t => {
  const h = harness(t);
  const slow = writeTemplate(
    h,
    'slow',
    `echo >${h.directory}/began; while [ ! -e ${h.directory}/go ]; do sleep 0.05; done`,
  );
  const first = h.run('create', ['-n', h.name('x'), '-t', slow]);
  await appears(h, 'began');
  await h.ok('create', ['-n', h.name('y'), '-t', 'busybox']);
  assert.match((await h.run('create', ['-n', h.name('x'), '-t', 'busybox'])).stderr, /already exists/);
  assert.match((await h.run('destroy', ['-n', h.name('x')])).stderr, /not defined/);
  writeFileSync(join(h.directory, 'go'), '');
  assert.equal((await first).status, 0);
  assert.deepEqual(entriesOf(h), [h.name('x'), h.name('y')]);
  assert.equal(new Set(takenRanges(h)).size, 2);
});

test('a half-removed container is finished by the next command', async t => {
  const h = harness(t);
  await h.ok('create', ['-n', h.name('x'), '-t', 'busybox', '--full']);
  const id = readFileSync(join(h.lxcpath, h.name('x'), '.tslxc/id'), 'utf8').trim();
  execFileSync('mv', [join(h.lxcpath, h.name('x')), join(h.lxcpath, `.tslxc-trash-${id}`)]);
  rmSync(join(h.lxcpath, `.tslxc-trash-${id}`, 'config'));
  await h.ok('create', ['-n', h.name('y'), '-t', 'busybox']);
  assert.deepEqual(entriesOf(h), [h.name('y')]);
  assert.equal(takenRanges(h).length, 1);
});

test('destroy refuses a tree without our marker, and what others mounted in one', async t => {
  const h = harness(t);
  const foreign = join(h.lxcpath, h.name('foreign'));
  mkdirSync(join(foreign, 'rootfs'), { recursive: true });
  writeFileSync(join(foreign, 'config'), `lxc.uts.name = x\nlxc.rootfs.path = dir:${foreign}/rootfs\n`);
  const refused = await h.run('destroy', ['-n', h.name('foreign')]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /no tslxc marker/);
  assert.ok(existsSync(join(foreign, 'config')));
  // The same tree is LXC's own to lxc-destroy.
  await h.ok('destroy', ['-n', h.name('foreign')], { flavour: 'lxc' });
  assert.equal(existsSync(foreign), false);

  await h.ok('create', ['-n', h.name('x'), '-t', 'busybox', '--full']);
  const canary = join(h.directory, 'canary');
  mkdirSync(canary);
  writeFileSync(join(canary, 'file'), 'safe');
  const point = join(h.lxcpath, h.name('x'), 'rootfs/mnt');
  execFileSync('mount', ['--bind', canary, point]);
  const link = join(h.directory, 'link');
  symlinkSync(h.lxcpath, link);
  const mounted = [
    await h.run('destroy', ['-n', h.name('x')]),
    await h.run('destroy', ['-P', link, '-n', h.name('x')]),
  ];
  execFileSync('umount', [point]);
  for (const { status, stderr } of mounted) {
    assert.equal(status, 1);
    assert.match(stderr, /mnt is a mount point/);
  }
  assert.equal(readFileSync(join(canary, 'file'), 'utf8'), 'safe');
  await h.ok('destroy', ['-n', h.name('x')]);
  assert.deepEqual(entriesOf(h), []);
});

test('immutable files do not stop a destroy', async t => {
  const h = harness(t);
  await h.ok('create', ['-n', h.name('x'), '-t', 'busybox', '--full']);
  const rootfs = join(h.lxcpath, h.name('x'), 'rootfs');
  execFileSync('chattr', ['+i', join(rootfs, 'etc/hostname'), join(rootfs, 'home')]);
  await h.ok('destroy', ['-n', h.name('x')]);
  assert.deepEqual(entriesOf(h), []);
});

test('at no byte free: create fails whole, destroy works', async t => {
  const h = harness(t, { untidy: true });
  const disk = join(h.directory, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  const at = ['-P', join(disk, 'lxc')];
  await h.ok('create', [...at, '-n', h.name('x'), '-t', 'busybox']);
  const fill = writeTemplate(h, 'fill', 'cat /dev/zero >"$ROOTFS/zero"');
  const full = await h.run('create', [...at, '-n', h.name('y'), '-t', fill]);
  assert.equal(full.status, 1);
  assert.match(full.stderr, /No space left/);
  assert.deepEqual(readdirSync(join(disk, 'lxc')), [h.name('x')]);
  execFileSync('sh', ['-c', `cat /dev/zero >${disk}/zero 2>/dev/null || true`]);
  await h.ok('destroy', [...at, '-n', h.name('x')]);
  assert.deepEqual(readdirSync(join(disk, 'lxc')), []);
  assert.deepEqual(takenRanges(h), []);
});
