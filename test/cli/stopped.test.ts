// The verbs on containers that do not run or do not exist: outputs, words and exit statuses of lxc-commands 3.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { harness } from '../system/harness.ts';

const h = harness(
  { after: run => after(run as () => Promise<void>), diagnostic: () => {} },
  { untidy: true },
);

before(() => {
  define('alpha', [
    'lxc.group = web',
    'lxc.group = onboot',
    'lxc.start.auto = 1',
    'lxc.tty.max = 4',
    'lxc.cap.drop = sys_module mac_admin',
  ]);
  define('beta', ['lxc.group = web', 'lxc.idmap = u 0 100000 65536', 'lxc.idmap = g 0 100000 65536']);
  define('gamma-longer', []);
});

function define(name: string, lines: readonly string[]): void {
  mkdirSync(join(h.lxcpath, name, 'rootfs'), { recursive: true });
  const config = [`lxc.uts.name = ${name}`, `lxc.rootfs.path = dir:${h.lxcpath}/${name}/rootfs`, ...lines];
  writeFileSync(join(h.lxcpath, name, 'config'), `${config.join('\n')}\n`);
}

test('ls: one name a line when stdout is no terminal, sorted', async () => {
  const { stdout, status } = await h.run('ls', []);
  assert.deepEqual([status, stdout], [0, 'alpha\nbeta\ngamma-longer\n']);
});

test('ls -f: every column padded and followed by a space', async () => {
  const { stdout } = await h.run('ls', ['-f']);
  assert.equal(
    stdout,
    'NAME         STATE   AUTOSTART GROUPS      IPV4 IPV6 UNPRIVILEGED \n' +
      'alpha        STOPPED 1         web, onboot -    -    false        \n' +
      'beta         STOPPED 0         web         -    -    true         \n' +
      'gamma-longer STOPPED 0         -           -    -    false        \n',
  );
});

test('ls -F chooses columns in any case; a bad one is named and exits 0', async () => {
  const { stdout } = await h.run('ls', ['-f', '-F', 'name,Pid,RAM,swap,interface']);
  assert.equal(stdout.split('\n')[0], 'NAME         PID RAM    SWAP   INTERFACE ');
  const bad = await h.run('ls', ['-f', '-F', 'NAME,FOO']);
  assert.deepEqual([bad.status, bad.stdout, bad.stderr], [0, '', 'Invalid key: FOO\n']);
  const without = await h.run('ls', ['-F', 'FOO']);
  assert.deepEqual([without.status, without.stdout], [0, 'alpha\nbeta\ngamma-longer\n']);
});

test('ls filters by state, group and expression', async () => {
  const names = async (...args: string[]) =>
    (await h.run('ls', ['-1', ...args])).stdout.split('\n').slice(0, -1);
  assert.deepEqual(await names('--stopped'), ['alpha', 'beta', 'gamma-longer']);
  assert.deepEqual(await names('--running'), []);
  assert.deepEqual(await names('--active'), []);
  assert.deepEqual(await names('--frozen'), []);
  assert.deepEqual(await names('--defined'), ['alpha', 'beta', 'gamma-longer']);
  assert.deepEqual(await names('-g', 'web'), ['alpha', 'beta']);
  assert.deepEqual(await names('-g', 'web,onboot'), ['alpha']);
  assert.deepEqual(await names('--filter', '^(al|ga)'), ['alpha', 'gamma-longer']);
  assert.deepEqual(await names('beta'), ['beta']);
  assert.deepEqual(await names('('), []);
});

test('ls of nothing prints nothing, and an absent lxcpath is nothing', async () => {
  const nowhere = join(h.directory, 'nowhere');
  for (const args of [
    ['-f', 'nosuch'],
    ['-P', nowhere],
    ['-f', '-P', nowhere],
  ]) {
    const { status, stdout, stderr } = await h.run('ls', args);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
});

test('ls --nesting is refused with a sentence', async () => {
  const { status, stderr } = await h.run('ls', ['--nesting=2']);
  assert.equal(status, 1);
  assert.match(stderr, /--nesting is not offered yet/);
});

test('ls --format json has all there is to know', async () => {
  const { stdout } = await h.run('ls', ['--format', 'json']);
  const [alpha] = JSON.parse(stdout);
  assert.deepEqual(
    [alpha.name, alpha.state, alpha.pid, alpha.autostart, alpha.groups, alpha.unprivileged],
    ['alpha', 'STOPPED', null, true, ['web', 'onboot'], false],
  );
  assert.match((await h.run('ls', ['--format', 'yaml'])).stdout, /^- name: alpha\n/);
  assert.equal((await h.run('ls', ['--format', 'xml'])).status, 1);
});

test('info of a stopped container', async () => {
  const all = await h.run('info', ['-n', 'alpha']);
  assert.deepEqual([all.status, all.stdout], [0, 'Name:           alpha\nState:          STOPPED\n']);
  assert.equal((await h.run('info', ['-sH', 'alpha'])).stdout, 'STOPPED\n');
  assert.equal((await h.run('info', ['-s', '-p', '-H', 'alpha'])).stdout, 'State:          STOPPED\n');
  for (const bare of ['-pH', '-iH', '-S']) {
    const { status, stdout } = await h.run('info', [bare, 'alpha']);
    assert.deepEqual([status, stdout], [0, '']);
  }
});

test('info -c reads the config from disk', async () => {
  const keys = ['lxc.tty.max', 'lxc.nosuch', 'lxc.cap.drop', 'lxc.console.logfile'];
  const { stdout, stderr, status } = await h.run('info', ['alpha', ...keys.flatMap(key => ['-c', key])]);
  assert.equal(status, 0);
  assert.equal(stdout, 'lxc.tty.max = 4\nlxc.cap.drop = sys_module\nmac_admin\n\nlxc.console.logfile =\n');
  assert.equal(stderr, 'lxc.nosuch invalid\n');
  assert.equal((await h.run('info', ['alpha', '-H', '-c', 'lxc.tty.max'])).stdout, '4\n');
  const both = await h.run('info', ['alpha', '-s', '-c', 'lxc.uts.name']);
  assert.equal(both.stdout, 'State:          STOPPED\nlxc.uts.name = alpha\n');
});

test('info of an absent container, also quietly', async () => {
  for (const args of [['absent'], ['-q', 'absent']]) {
    const { status, stderr } = await h.run('info', args);
    assert.deepEqual([status, stderr], [1, "absent doesn't exist\n"]);
  }
});

test('stop: 2 when it does not run, 1 for words that exclude each other', async () => {
  for (const name of ['alpha', 'absent']) {
    const { status, stderr } = await h.run('stop', [name]);
    assert.deepEqual([status, stderr], [2, `tslxc-stop: ${name} is not running\n`]);
  }
  const conflicts = [
    ['-k', '--nokill'],
    ['-k', '-r'],
    ['-k', '-t', '3'],
    ['--nolock'],
    ['-t', '-4'],
    ['-t', 'x'],
  ];
  for (const words of conflicts)
    assert.equal((await h.run('stop', ['alpha', ...words])).status, 1, words.join(' '));
  assert.match((await h.run('stop', ['alpha', '-t', '-4'])).stderr, /Invalid timeout/);
});

test('wait: absent counts as STOPPED; a timeout and bad words are 1', async () => {
  assert.equal((await h.run('wait', ['absent', '-s', 'STOPPED'])).status, 0);
  assert.equal((await h.run('wait', ['alpha', '-s', 'RUNNING|STOPPED'])).status, 0);
  assert.equal((await h.run('wait', ['alpha', '-s', 'RUNNING', '-t', '0'])).status, 1);
  assert.equal((await h.run('wait', ['alpha', '-s', 'RUNNING', '-t', '1'])).status, 1);
  assert.match((await h.run('wait', ['alpha', '-s', 'BAD'])).stderr, /invalid state 'BAD'/);
  assert.equal((await h.run('wait', ['alpha'])).status, 1);
});

test('verbs that need a running container say so with 1', async () => {
  for (const [verb, args] of [
    ['console', ['alpha']],
    ['attach', ['alpha', '--', 'true']],
  ] as const) {
    const { status, stderr } = await h.run(verb, args);
    assert.deepEqual([status, stderr.split('\n')[0]], [1, `tslxc-${verb}: alpha is not running`]);
  }
});

test('start and plan of an absent container', async () => {
  for (const verb of ['start', 'plan']) {
    const { status, stderr } = await h.run(verb, ['absent']);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^tslxc-${verb}: absent: No container config specified`));
  }
});

test('a config with mistakes is told with every line to blame', async () => {
  const bad = join(h.directory, 'bad.conf');
  writeFileSync(bad, 'lxc.tty.max = many\nlxc.nosuch = 1\n');
  const { status, stderr } = await h.run('start', ['alpha', '-f', bad]);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^tslxc-start: alpha: .*${bad}:1`));
  assert.match(stderr, new RegExp(`unknown key lxc.nosuch.*${bad}:2`));
});

test('destroy: absent, not ours, and with clones', async () => {
  const absent = await h.run('destroy', ['absent']);
  assert.deepEqual([absent.status, absent.stderr], [1, 'tslxc-destroy: absent: Container is not defined\n']);
  const foreign = await h.run('destroy', ['beta']);
  assert.equal(foreign.status, 1);
  assert.match(foreign.stderr, /no tslxc marker/);
  writeFileSync(join(h.lxcpath, 'beta', 'lxc_snapshots'), '/p\nclone\n');
  assert.match((await h.run('destroy', ['beta'])).stderr, /snapshot clones/);
});

test('config: as lxc-config', async () => {
  const list = await h.run('config', ['-l']);
  assert.equal(list.stdout.split('\n').length, 8);
  assert.equal((await h.run('config', ['lxc.lxcpath'])).stdout, `${h.lxcpath}\n`);
  assert.equal((await h.run('config', ['lxc.cgroup.use'])).stdout, 'lxc.cgroup.use is not set.\n');
  const unknown = await h.run('config', ['nosuch']);
  assert.deepEqual([unknown.status, unknown.stdout], [1, 'Unknown configuration item: nosuch\n']);
  const none = await h.run('config', []);
  assert.equal(none.status, 0);
  assert.match(none.stdout, /^Usage: tslxc-config -l: list all available configuration items\n/);
});
