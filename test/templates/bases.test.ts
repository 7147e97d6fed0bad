// Bases: made once for equal options, shared and never changed, kept as long as one container needs them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
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
import { test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { entriesOf, writeTwoPhaseTemplate } from './places.ts';

const images = (h: Harness): string => join(h.stateDir, '.images');
const basesOf = (h: Harness): string[] => readdirSync(images(h)).filter(name => /^[0-9a-f]{64}$/.test(name));
const hiddenOf = (h: Harness): string[] =>
  readdirSync(images(h)).filter(name => /^\.(building|trash)/.test(name));

/** A file of the container as its start would show it: of its own layer, or of the base. */
const fileOf = (h: Harness, name: string, path: string): string =>
  join(h.lxcpath, name, 'overlay/delta', path);

test('the second create makes no base: its own name, keys and ids over the same tree, in a few kilobytes', async t => {
  const h = harness(t);
  const [one, two] = [h.name('1'), h.name('2')];
  const first = await h.ok('create', ['-n', one, '-t', 'busybox']);
  const second = await h.ok('create', ['-n', two, '-t', 'busybox']);
  t.diagnostic(`first ${Math.round(first.durationMs)} ms, second ${Math.round(second.durationMs)} ms`);
  const [base] = basesOf(h);
  assert.equal(basesOf(h).length, 1);
  for (const name of [one, two]) {
    assert.match(h.config(name), new RegExp(`^lxc.rootfs.path = overlay:${images(h)}/${base}/rootfs:`, 'm'));
    assert.equal(readFileSync(fileOf(h, name, 'etc/hostname'), 'utf8'), `${name}\n`);
  }
  const ids = [one, two].map(name => /^lxc.idmap = u 0 (\d+) /m.exec(h.config(name))?.[1]);
  assert.notEqual(ids[0], ids[1]);
  const kilobytes = Number(
    execFileSync('du', ['-sk', join(h.lxcpath, two)], { encoding: 'utf8' }).split('\t')[0],
  );
  t.diagnostic(`${kilobytes} KiB on disk`);
  assert.ok(kilobytes < 3 * 1024, `${kilobytes} KiB`);

  // Both run at once, each over the same files, and neither sees what the other writes.
  for (const name of [one, two]) await h.ok('start', ['-n', name]);
  await h.ok('attach', ['-n', one, '--', 'sh', '-c', 'echo mine >/etc/profile; rm /etc/group; mkdir /x']);
  assert.equal((await h.ok('attach', ['-n', two, '--', 'ls', '/etc/group'])).stdout, '/etc/group\n');
  assert.equal((await h.run('attach', ['-n', two, '--', 'ls', '/x'])).status, 1);
  assert.equal((await h.ok('attach', ['-n', one, '--', 'cat', '/etc/profile'])).stdout, 'mine\n');
  assert.equal((await h.run('attach', ['-n', one, '--', 'ls', '/etc/group'])).status, 1);
  await h.ok('destroy', ['-f', '-n', one]);
  await h.ok('destroy', ['-f', '-n', two]);
});

test('a base is named by the digest of its tree, and an exported one holds the same bytes', async t => {
  const h = harness(t);
  await h.ok('create', ['-n', h.name('1'), '-t', 'busybox']);
  const [base = ''] = basesOf(h);
  const file = join(h.directory, 'busybox.tar.zst');
  await h.ok('images', ['export', 'busybox', file]);
  const tar = execFileSync('zstd', ['-dc', file], { maxBuffer: 1 << 28 });
  assert.equal(createHash('sha256').update(tar).digest('hex'), base);
  assert.match((await h.run('images', ['export', 'busybox', file])).stderr, /is there already/);
  assert.match((await h.run('images', ['export', 'busybox', '/tmp/x.zip'])).stderr, /\.tar\.zst/);
  // A base that somebody changed is not what its name says.
  writeFileSync(join(images(h), base, 'rootfs/etc/planted'), '');
  const changed = await h.run('images', ['export', 'busybox', join(h.directory, 'x.tar')]);
  assert.match(changed.stderr, /not the base/);
  assert.equal(existsSync(join(h.directory, 'x.tar')), false);
  await h.ok('destroy', ['-n', h.name('1')]);
});

test('a base that carries words of an image is exported as its tree', async t => {
  const h = harness(t);
  const template = writeTwoPhaseTemplate(h, 'two', 'echo x >"$ROOTFS/x"', "printf 'a\\nmessage hello'");
  await h.ok('create', ['-n', h.name('1'), '-t', template]);
  const file = join(h.directory, 'x.tar');
  await h.ok('images', ['export', 'test', file]);
  assert.notEqual(createHash('sha256').update(readFileSync(file)).digest('hex'), basesOf(h)[0]);
  assert.match(execFileSync('tar', ['-tf', file], { encoding: 'utf8' }), /^\.\/x$/m);
  await h.ok('destroy', ['-n', h.name('1')]);
});

test('other arguments, or another text of the template, make another base', async t => {
  const h = harness(t);
  const template = writeTwoPhaseTemplate(h, 'two', 'echo "$*" >"$ROOTFS/words"');
  await h.ok('create', ['-n', h.name('1'), '-t', template, '--', 'a']);
  await h.ok('create', ['-n', h.name('2'), '-t', template, '--', 'b']);
  await h.ok('create', ['-n', h.name('3'), '-t', template, '--', 'a']);
  assert.equal(basesOf(h).length, 2);
  writeFileSync(template, readFileSync(template, 'utf8').replace('echo "$*"', 'echo new "$*"'));
  await h.ok('create', ['-n', h.name('4'), '-t', template, '--', 'a']);
  assert.equal(basesOf(h).length, 3);
  for (const n of [1, 2, 3, 4]) await h.ok('destroy', ['-n', h.name(String(n))]);
});

test('creates that come at once make the base once', async t => {
  const h = harness(t);
  const log = join(h.directory, 'made');
  const template = writeTwoPhaseTemplate(h, 'two', `echo made >>${log}; sleep 0.5; echo x >"$ROOTFS/x"`);
  const names = [1, 2, 3, 4].map(n => h.name(String(n)));
  const made = await Promise.all(names.map(name => h.run('create', ['-n', name, '-t', template])));
  assert.deepEqual(
    made.map(({ status }) => status),
    [0, 0, 0, 0],
  );
  assert.equal(readFileSync(log, 'utf8'), 'made\n');
  assert.equal(made.filter(({ stderr }) => /another command makes the same base/.test(stderr)).length, 3);
  for (const name of names) await h.ok('destroy', ['-n', name]);
});

test('a base that fails, or whose maker is killed, is never used and leaves nothing', async t => {
  const h = harness(t);
  const [failing, going] = [join(h.directory, 'fail'), join(h.directory, 'going')];
  const body = `echo x >"$ROOTFS/x"; [ ! -e ${failing} ] || { touch ${going}; [ -s ${failing} ] || exit 3; sleep 1000; }`;
  const template = writeTwoPhaseTemplate(h, 'two', body);
  writeFileSync(failing, '');
  assert.equal((await h.run('create', ['-n', h.name('1'), '-t', template])).status, 1);
  assert.deepEqual([basesOf(h), hiddenOf(h), entriesOf(h)], [[], [], []]);

  rmSync(going);
  writeFileSync(failing, 'sleep');
  const create = h.begin('create', ['-n', h.name('1'), '-t', template]);
  await until('the base is being made', () => existsSync(going) || undefined);
  create.kill('SIGKILL');
  await once(create, 'close');
  rmSync(failing);
  await h.ok('create', ['-n', h.name('1'), '-t', template]);
  assert.equal(basesOf(h).length, 1);
  assert.deepEqual(hiddenOf(h), []);
  await h.ok('destroy', ['-n', h.name('1')]);
});

test('--refresh makes a base anew exactly when the mirror has changed; an old one is used with a word, also offline', async t => {
  const h = harness(t);
  const mirror = join(h.directory, 'mirror');
  writeFileSync(mirror, 'one');
  const template = writeTwoPhaseTemplate(h, 'two', `cat ${mirror} >"$ROOTFS/content"`, `cat ${mirror}`);
  const create = async (n: number, ...more: string[]) =>
    await h.run('create', ['-n', h.name(String(n)), '-t', template, ...more]);
  assert.equal((await create(1)).status, 0);
  const [first = ''] = basesOf(h);
  assert.match((await create(2, '--refresh')).stderr, /is what .* has now/);
  assert.deepEqual(basesOf(h), [first]);

  writeFileSync(mirror, 'two');
  assert.equal((await create(3, '--refresh')).status, 0);
  assert.equal(basesOf(h).length, 2);
  assert.match(h.config(h.name('1')), new RegExp(first));
  assert.doesNotMatch(h.config(h.name('3')), new RegExp(first));

  // Eight days later, and the mirror is gone.
  rmSync(mirror);
  const references = join(images(h), '.refs');
  for (const name of readdirSync(references).filter(one => one.endsWith('.json'))) {
    const file = join(references, name);
    const reference = JSON.parse(readFileSync(file, 'utf8')) as { checked: string };
    const checked = new Date(Date.now() - 8 * 86_400_000).toISOString();
    writeFileSync(file, JSON.stringify({ ...reference, checked }));
  }
  const old = await create(4);
  assert.equal(old.status, 0, old.stderr);
  assert.match(old.stderr, /is 8 days old; --refresh renews it/);
  assert.equal((await create(5, '--refresh')).status, 1);
  assert.equal((await create(5, '--no-cache')).status, 1);
  assert.deepEqual(
    entriesOf(h),
    [1, 2, 3, 4].map(n => h.name(String(n))),
  );
  for (const n of [1, 2, 3, 4]) await h.ok('destroy', ['-n', h.name(String(n))]);
});

test('prune removes what no container needs, and nothing else, wherever the container is by now', async t => {
  const h = harness(t);
  const template = writeTwoPhaseTemplate(h, 'two', 'echo "$*" >"$ROOTFS/words"');
  for (const word of ['a', 'b']) await h.ok('create', ['-n', h.name(word), '-t', template, '--', word]);
  const [a] = readdirSync(images(h)).filter(
    name => h.config(h.name('a')).includes(name) && name.length === 64,
  );
  await h.ok('images', ['prune']);
  assert.equal(basesOf(h).length, 2);
  assert.match((await h.ok('images', ['users'])).stdout, new RegExp(`${h.name('a')} +${h.lxcpath}`));

  await h.ok('destroy', ['-n', h.name('b')]);
  // Renamed by hand: it is found by its marker.
  renameSync(join(h.lxcpath, h.name('a')), join(h.lxcpath, h.name('c')));
  const dry = await h.ok('images', ['prune', '--dry-run']);
  assert.equal(dry.stdout.split('\n').length, 2);
  assert.equal(basesOf(h).length, 2);
  await h.ok('images', ['prune']);
  assert.deepEqual(basesOf(h), [a]);
  const refused = await h.run('images', ['prune', (a ?? '').slice(0, 8)]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /stays: .* is made of it/);

  await h.ok('destroy', ['-n', h.name('c')]);
  await h.ok('images', ['prune']);
  assert.deepEqual([basesOf(h), hiddenOf(h)], [[], []]);
  assert.equal((await h.ok('images', [])).stdout.split('\n').length, 2);
});

test('-B dir and --full copy the base; the copy is whole and shares nothing', async t => {
  const h = harness(t);
  const body = `cd "$ROOTFS"; cp /bin/true t; chown 5:6 t; chmod 4755 t; ln t u; mkfifo p; truncate -s 8M hole; ln -s /etc l`;
  const template = writeTwoPhaseTemplate(h, 'two', body);
  for (const [name, ...words] of [
    [h.name('1'), '-B', 'dir'],
    [h.name('2'), '--full'],
  ]) {
    await h.ok('create', ['-n', name ?? '', '-t', template, ...words]);
    const rootfs = join(h.lxcpath, name ?? '', 'rootfs');
    const t = statSync(join(rootfs, 't'));
    assert.deepEqual([t.uid, t.gid, t.mode & 0o7777, t.nlink], [5, 6, 0o4755, 2]);
    assert.ok(statSync(join(rootfs, 'p')).isFIFO());
    assert.ok(statSync(join(rootfs, 'hole')).blocks < 100);
    assert.match(h.config(name ?? ''), new RegExp(`^lxc.rootfs.path = dir:${rootfs}$`, 'm'));
    assert.equal(readFileSync(join(rootfs, 'name'), 'utf8'), `${name}\n`);
  }
  // Nobody is made of the base: it may go.
  await h.ok('images', ['prune']);
  assert.deepEqual(basesOf(h), []);
  for (const n of [1, 2]) await h.ok('destroy', ['-n', h.name(String(n))]);
});

test('where no overlay can be, create says why and copies', async t => {
  const h = harness(t);
  const lxcpath = join(h.directory, 'ram');
  mkdirSync(lxcpath);
  // A filesystem without attributes of users: an overlay in a user namespace can keep no whiteouts there.
  execFileSync('mount', ['-t', 'ramfs', 'ramfs', lxcpath]);
  try {
    const made = await h.ok('create', ['-P', lxcpath, '-n', h.name('1'), '-t', 'busybox']);
    assert.match(made.stderr, /the rootfs is a copy of the base/);
    assert.ok(existsSync(join(lxcpath, h.name('1'), 'rootfs/bin/busybox')));
    const overlay = ['-P', lxcpath, '-n', h.name('2'), '-t', 'busybox', '-B', 'overlay'];
    assert.equal((await h.run('create', overlay)).status, 1);
    assert.deepEqual(readdirSync(lxcpath), [h.name('1')]);
    await h.ok('destroy', ['-P', lxcpath, '-n', h.name('1')]);
  } finally {
    execFileSync('umount', ['-l', lxcpath]);
  }
});
