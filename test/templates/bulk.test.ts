import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { entriesOf, takenRanges, writeTemplate } from './places.ts';

test('--count makes many from one base, each with its own name, ids and password', async t => {
  const h = harness(t);
  const pattern = h.name('w%02d');
  const many = ['--count', '7', '--first', '4', '--name-pattern', pattern, '-t', 'busybox'];
  const made = await h.ok('create', [...many, '--format', 'json']);
  const names = [4, 5, 6, 7, 8, 9, 10].map(number => h.name(`w${String(number).padStart(2, '0')}`));
  assert.deepEqual(entriesOf(h), names);
  assert.equal(new Set(takenRanges(h)).size, names.length);
  const rootfs = names.map(name => join(h.lxcpath, name));
  assert.equal(
    new Set(rootfs.map(path => readFileSync(join(path, 'root-password'), 'utf8'))).size,
    names.length,
  );
  for (const name of names) assert.match(h.config(name), new RegExp(`^lxc\\.uts\\.name = ${name}$`, 'm'));

  const events = made.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const created = events.filter(({ event }) => event === 'created').map(({ name }) => name);
  assert.deepEqual(created.sort(), names);
  // The base is made once.
  assert.equal(events.filter(({ event, step }) => event === 'step-begins' && step === 'base').length, 1);
  const { event, done, total } = events.filter(one => one.what === 'Creating').at(-1);
  assert.deepEqual([event, done, total], ['progress', 7, 7]);

  const again = await h.run('create', many);
  assert.equal(again.status, 1);
  assert.match(
    again.stderr,
    new RegExp(`there are containers ${names[0]} to ${names[6]} already\\n {2}hint: `),
  );
});

test('what --count refuses, it refuses before anything is made', async t => {
  const h = harness(t);
  const busybox = ['-t', 'busybox'];
  for (const [words, message] of [
    [['--count', '3'], /--count and --name-pattern go together/],
    [['--name-pattern', h.name('%d')], /--count and --name-pattern go together/],
    [['--count', '3', '--name-pattern', h.name('x')], /has not exactly one %d\n {2}hint: write web-%d/],
    [['--count', 'x', '--name-pattern', h.name('%d')], /--count wants a whole number/],
    [['--count', '0', '--name-pattern', h.name('%d')], /--count wants a number from 1/],
    [['--count', '3', '--name-pattern', 'a/%d'], /it has a slash/],
    [['--count', '3', '--name-pattern', h.name('%d'), '-n', 'x'], /--name is for one container/],
    [['--count', '3', '--name-pattern', h.name('%d'), '--dir', '/srv/x'], /--dir is one place/],
    [['--count', '3', '--name-pattern', h.name('%d'), 'x'], /unexpected argument x/],
  ] as const) {
    const { status, stderr } = await h.run('create', [...words, ...busybox]);
    assert.deepEqual([status, stderr.match(message) !== null], [1, true], `${words.join(' ')}: ${stderr}`);
  }
  assert.deepEqual([entriesOf(h), takenRanges(h)], [[], []]);
});

test('after a failure no more are begun; it says which are there, and the options of the template reach all', async t => {
  const h = harness(t);
  const fails = writeTemplate(
    h,
    'fails',
    `case $NAME in *-w3) echo the disk is on fire >&2; exit 3;; esac; echo "$@" >"$ROOTFS/words"`,
  );
  const words = ['--count', '50', '--name-pattern', h.name('w%d'), '-t', fails];
  const { status, stderr } = await h.run('create', [...words, '--', '--release', 'sid']);
  assert.equal(status, 1);
  assert.match(
    stderr,
    new RegExp(`: ${h.name('w3')}: template .* failed: the disk is on fire \\(exit status 3\\)\\n`),
  );
  const last = stderr.trim().split('\n').at(-1) ?? '';
  assert.match(last, /^tslxc-create: \d+ are there: .*; not made: .*tslxctest\w+-w3.*-w50$/);
  const entries = entriesOf(h);
  assert.ok(
    entries.includes(h.name('w1')) && !entries.includes(h.name('w3')) && !entries.includes(h.name('w50')),
  );
  assert.equal(Number(/(\d+) are there/.exec(last)?.[1]), entries.length);
  assert.equal(takenRanges(h).length, entries.length);
  assert.match(readFileSync(join(h.lxcpath, h.name('w1'), 'rootfs/words'), 'utf8'), / --release sid\n/);
});

test('SIGINT: those that are there stay, the others leave nothing, and it says which', async t => {
  const h = harness(t);
  const waits = writeTemplate(
    h,
    'waits',
    `case $NAME in *-w1) ;; *) : >${h.directory}/began; sleep 100;; esac`,
  );
  const create = h.begin('create', ['--count', '9', '--name-pattern', h.name('w%d'), '-t', waits]);
  let told = '';
  create.stderr?.on('data', text => {
    told += text;
  });
  const ended = new Promise(resolve => create.once('close', resolve));
  await until('a second container that is being made', () =>
    existsSync(join(h.directory, 'began')) ? true : undefined,
  );
  create.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.equal(
    told,
    `tslxc-create: interrupted by SIGINT; 1 is there: ${h.name('w1')}; ` +
      `not made: ${h.name('w2')} to ${h.name('w9')}\n`,
  );
  assert.deepEqual([entriesOf(h), takenRanges(h).length], [[h.name('w1')], 1]);
});
