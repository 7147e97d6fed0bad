// The rules that every verb shares (lxc-commands 1), seen from outside: the installed commands in a throw-away place.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { VERBS } from '../../src/cli/registry.ts';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const NAMED = Object.keys(VERBS).filter(
  verb => !['config', 'checkconfig', 'fetch', 'fetch-oci', 'images', 'ls', 'net', 'templates'].includes(verb),
);
const GOLDEN = join(installation().root, 'test/cli/help');

for (const verb of Object.keys(VERBS)) {
  test(`${verb} --help is the golden text, on stderr; -? exits 1`, async () => {
    const long = await h.run(verb, ['--help']);
    assert.equal(long.status, 0);
    assert.equal(long.stdout, '');
    const file = join(GOLDEN, `${verb}.txt`);
    if (process.env['TSLXC_UPDATE_GOLDEN']) writeFileSync(file, long.stderr);
    assert.ok(
      existsSync(file),
      `${file} is missing: run the test with TSLXC_UPDATE_GOLDEN=1 and read what it wrote`,
    );
    assert.equal(long.stderr, readFileSync(file, 'utf8'));
    const short = await h.run(verb, ['-h']);
    assert.deepEqual([short.status, short.stderr], [0, long.stderr]);
    const question = await h.run(verb, ['-?']);
    assert.deepEqual([question.status, question.stderr], [1, long.stderr]);
  });

  test(`${verb} --usage lists every option, --version is the version alone`, async () => {
    const usage = await h.run(verb, ['--usage']);
    assert.equal(usage.status, 0);
    assert.match(usage.stderr, new RegExp(`^Usage: tslxc-${verb} \\[`));
    assert.match(usage.stderr, /\[-q\|--quiet\].*\[-P\|--lxcpath=LXCPATH\]/s);
    const version = await h.run(verb, ['--version']);
    assert.deepEqual(
      [version.status, version.stdout, version.stderr],
      [0, `${installation().version}\n`, ''],
    );
    const asLxc = await h.run(verb, ['--version'], { flavour: 'lxc' });
    assert.deepEqual([asLxc.status, asLxc.stdout], [0, '5.0.2\n']);
  });

  test(`${verb} answers a bad option with getopt's words and the help`, async () => {
    const bad = await h.run(verb, ['--bogus-option']);
    assert.equal(bad.status, 1);
    assert.match(
      bad.stderr,
      new RegExp(`^tslxc-${verb}: unrecognized option '--bogus-option'\\nUsage: tslxc-${verb} `),
    );
    const twice = await h.run(verb, ['-P', '/a', '-P', '/b', 'c1']);
    assert.deepEqual(
      [twice.status, twice.stderr],
      [1, 'This command only accepts 1 -P,--lxcpath arguments\n'],
    );
  });
}

for (const verb of NAMED) {
  test(`${verb} without a name`, async () => {
    const result = await h.run(verb, []);
    assert.deepEqual([result.status, result.stderr], [1, `tslxc-${verb}: No container name specified\n`]);
  });

  test(`${verb} refuses names that leave the lxcpath or carry control characters`, async () => {
    for (const name of ['../x', 'a/b', 'a\nlxc.include = /x', '.ids']) {
      const extra = verb === 'wait' ? ['-s', 'STOPPED'] : verb === 'create' ? ['-t', 'none'] : [];
      const result = await h.run(verb, ['-n', name, ...extra]);
      assert.equal(result.status, 1, `${verb} ${name}: ${result.stderr}`);
      assert.match(result.stderr, /can't be a container's name/);
    }
  });
}

test('an option that several names begin with is ambiguous', async () => {
  const result = await h.run('info', ['--log', 'f', 'c1']);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /option '--log' is ambiguous; possibilities: '--logfile' '--logpriority'/);
});

test('--help is obeyed before what follows it', async () => {
  assert.equal((await h.run('start', ['--help', '--bogus'])).status, 0);
});

test('-o makes the log file even when nothing is logged, and -q silences stderr only', async () => {
  const log = join(h.directory, 'log');
  await h.run('ls', ['-o', log]);
  assert.equal(readFileSync(log, 'utf8'), '');
  const quiet = await h.run('stop', ['-n', 'absent', '-q', '-o', log]);
  assert.deepEqual([quiet.status, quiet.stderr], [2, '']);
  assert.match(
    readFileSync(log, 'utf8'),
    /^tslxc-stop absent \d{14}\.\d{3} ERROR {4}\S+ - \S+:\S+:\d+ - absent is not running\n$/,
  );
});

test('a log that cannot be opened is told before anything is done', async () => {
  const result = await h.run('ls', ['-o', '/proc/nothing/log']);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /log file \/proc\/nothing\/log can't be opened/);
});

test('tslxc VERB is tslxc-VERB; without a verb it lists them', () => {
  const program = join(installation().root, 'dist/bin/tslxc');
  const tslxc = (...args: string[]) => spawnSync(program, args, { env: h.env, encoding: 'utf8' });
  assert.equal(tslxc('config', 'lxc.bdev.lvm.vg').stdout, 'lxc\n');
  const list = tslxc();
  assert.equal(list.status, 0);
  for (const verb of Object.keys(VERBS)) assert.match(list.stderr, new RegExp(`^  ${verb} `, 'm'));
  const unknown = tslxc('frobnicate');
  assert.deepEqual(
    [unknown.status, unknown.stderr.split('\n')[0]],
    [1, 'tslxc: frobnicate is not a verb of tslxc'],
  );
});

test('output to a reader that has gone is no failure', () => {
  const program = join(installation().root, 'dist/bin/tslxc');
  const shell = spawnSync('sh', ['-c', '"$0" checkconfig | head -1', program], {
    env: h.env,
    encoding: 'utf8',
  });
  assert.equal(shell.stderr, '');
});
