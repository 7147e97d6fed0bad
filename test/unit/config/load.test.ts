import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { printConfig } from '../../../src/config/print.ts';
import { ConfigError, describeProblem } from '../../../src/config/problem.ts';
import { load, problemsOf } from './models.ts';

test('every problem is told, in the order of the text, with the files that were included', () => {
  const text = 'lxc.tty.max = a\nlxc.bad\nlxc.include = /inc\nlxc.nope = 1';
  assert.deepEqual(problemsOf(text, { '/inc': '\nlxc.autodev = 5' }), [
    'c:1:15: lxc.tty.max: not an unsigned number: "a"',
    'c:2:1: no "=" after lxc.bad',
    '/inc:2:15: lxc.autodev: neither 0 nor 1: "5"',
    'c:4:1: unknown key lxc.nope',
  ]);
});

test('the error carries code, first message, origin and hint', () => {
  assert.throws(
    () => load('lxc.uts.nam = x'),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.equal(error.message, 'c:1:1: unknown key lxc.uts.nam');
      assert.equal(error.hint, 'Did you mean lxc.uts.name?');
      assert.deepEqual(error.origin, { file: 'c', line: 1, column: 1 });
      return true;
    },
  );
});

test('settings know the line that made them', () => {
  const { config } = load('\nlxc.include = /inc\nlxc.tty.max = 2', { '/inc': 'lxc.uts.name = x' });
  assert.deepEqual(config.utsName?.origin, { file: '/inc', line: 1, key: 'lxc.uts.name' });
  assert.deepEqual(config.tty.max.origin, { file: 'c', line: 3, key: 'lxc.tty.max' });
  assert.deepEqual(config.ptyMax.origin, { rule: 'default' });
});

test('an include is read where it stands, a directory in the order of its names', () => {
  const files = {
    '/d/b.conf': 'lxc.group = b',
    '/d/a.conf': 'lxc.group = a\nlxc.tty.max = 1',
    '/d/c.txt': 'lxc.group = no',
    '/d/sub.conf': '',
    '/one': 'lxc.group = one',
  };
  const text = 'lxc.group = first\nlxc.include = /d\nlxc.include = one\nlxc.tty.max = 9\nlxc.include =';
  assert.equal(
    printConfig(load(text, files).config),
    'lxc.tty.max = 9\nlxc.group = first\nlxc.group = a\nlxc.group = b\nlxc.group = one\n',
  );
  assert.deepEqual(problemsOf('lxc.include = /missing/'), []);
});

test('the lines of the file itself are given back, not those of includes', () => {
  const text = '# hello\n\nlxc.include = /one\n';
  assert.deepEqual(
    load(text, { '/one': 'lxc.group = x' }).lines.map(line => line.raw),
    ['# hello', '', 'lxc.include = /one'],
  );
});

test('a cycle of includes is a problem of the line that closes it', () => {
  const files = { '/a': 'lxc.include = /b', '/b': '\nlxc.include = /a' };
  assert.deepEqual(problemsOf('lxc.include = /a', files), ['/b:2:15: lxc.include: /a includes itself']);
  assert.deepEqual(problemsOf('lxc.include = /a\nlxc.include = /a', { '/a': '' }), []);
});

test('depth and number of included lines are bounded', () => {
  const deep = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`/${n}`, `lxc.include = /${n + 1}`]));
  assert.match(problemsOf('lxc.include = /0', deep)[0] ?? '', /deeper than 32 files/);
  const wide = Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`/${n}`, `lxc.include = /${n + 1}\n`.repeat(2)]),
  );
  assert.match(
    problemsOf('lxc.include = /0', { ...wide, '/30': '#\n'.repeat(100) })[0] ?? '',
    /more than 200000 lines/,
  );
});

test('what is no regular file is refused without waiting', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-'));
  t.after(() => rmSync(directory, { recursive: true }));
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  mkdirSync(join(directory, 'empty'));
  const refused = (file: string) => {
    try {
      loadConfig({ file });
      return 'loaded';
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map(describeProblem).join();
    }
  };
  assert.match(refused(join(directory, 'fifo')), /fifo:1:1: cannot read .*fifo: not a regular file/);
  assert.match(refused('/dev/zero'), /not a regular file/);
  assert.match(refused(directory), /not a regular file/);
  assert.match(refused(join(directory, 'none')), /no such file/);
  writeFileSync(join(directory, 'big'), Buffer.alloc(5 * 1024 * 1024, '\n'));
  assert.match(refused(join(directory, 'big')), /larger than 4 MiB/);
  writeFileSync(join(directory, 'ok'), `lxc.include = ${directory}/empty\nlxc.tty.max = 3\n`);
  assert.equal(loadConfig({ file: join(directory, 'ok') }).config.tty.max.value, 3);
});

test('defines come last; what is no lxc key is dropped, what is bad is an error', () => {
  const { config } = load('lxc.tty.max = 1', {}, [
    'lxc.tty.max=5',
    'foo',
    'lxc.bar',
    'a=b',
    " lxc.uts.name = 'x'",
    'lxc.mount.entry=a\tb',
  ]);
  assert.equal(config.tty.max.value, 5);
  assert.equal(config.utsName?.value, 'x');
  assert.deepEqual(problemsOf('', {}, ['lxc.tty.max=1', 'lxc.foo=1']), ['--define:2:1: unknown key lxc.foo']);
  assert.deepEqual(problemsOf('', {}, ['lxc.uts.name=a\nlxc.tty.max=5']), [
    '--define:1:15: a control character in a value',
  ]);
});

test('old keys are read under their new names, with a warning each', () => {
  const old = [
    'lxc.utsname = web',
    'lxc.rootfs.backend = overlay',
    'lxc.rootfs = /a:/b',
    'lxc.tty = 2',
    'lxc.pts = 9',
    'lxc.id_map = u 0 1000 5',
    'lxc.network.type = veth',
    'lxc.network.link = br0',
    'lxc.network.ipv4 = 10.0.0.2/24',
    'lxc.network.type = empty',
    'lxc.network.flags = up',
    'lxc.network.7.type = phys',
    'lxc.limit.nofile = 5',
    'lxc.kmsg = 0',
    'lxc.pivotdir = x',
    'lxc.haltsignal = SIGPWR',
    'lxc.loglevel = 1',
    'lxc.aa_profile = unconfined',
    'lxc.mount = /etc/fstab.c',
    'lxc.seccomp = /s',
    'lxc.console = none',
    'lxc.devttydir = lxc',
    'lxc.init_cmd = /init',
  ];
  const { config, warnings } = load(old.join('\n'));
  assert.equal(warnings.length, old.length);
  assert.equal(
    describeProblem(warnings[0] ?? assert.fail()),
    'c:1:1: lxc.utsname is the old name of lxc.uts.name',
  );
  assert.equal(
    printConfig(config),
    [
      'lxc.uts.name = web',
      'lxc.init.cmd = /init',
      'lxc.signal.halt = 30',
      'lxc.console.path = none',
      'lxc.tty.max = 2',
      'lxc.tty.dir = lxc',
      'lxc.pty.max = 9',
      'lxc.log.level = DEBUG',
      'lxc.rootfs.path = overlay:/a:/b',
      'lxc.mount.fstab = /etc/fstab.c',
      'lxc.idmap = u 0 1000 5',
      'lxc.prlimit.nofile = 5',
      'lxc.apparmor.profile = unconfined',
      'lxc.seccomp.profile = /s',
      'lxc.net.0.type = veth',
      'lxc.net.0.link = br0',
      'lxc.net.0.ipv4.address = 10.0.0.2/24',
      'lxc.net.1.type = empty',
      'lxc.net.1.flags = up',
      'lxc.net.7.type = phys',
      '',
    ].join('\n'),
  );
});

test('a line of an old interface before the first type is refused', () => {
  assert.deepEqual(problemsOf('lxc.network.link = br0'), ['c:1:1: unknown key lxc.network.link']);
  const { config } = load('lxc.network.type = veth\nlxc.network =\nlxc.network.type = empty');
  assert.deepEqual(
    config.net.map(nic => [nic.index, nic.type.value]),
    [[0, 'empty']],
  );
});
