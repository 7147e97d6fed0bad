// What init and attached commands have and can reach, seen from inside and in the kernel's own files.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../../src/host/installation.ts';
import { Terminal } from '../../system/live.ts';
import { type Ground, ground, initOf, makeContainer, plantAttack, statusField } from './builds.ts';

/** Runs a shell script in the container and gives what it printed. */
async function inside({ host }: Ground, name: string, script: string): Promise<string> {
  const { stdout } = await host.ok('attach', ['-n', name, '--', '/bin/sh', '-c', script]);
  return stdout;
}

for (const privileged of [false, true]) {
  const kind = privileged ? 'a privileged' : 'an ordinary';
  test(`init of ${kind} container and what attaches to it: filtered, no ambient rights, 0-2 alone`, async t => {
    const base = ground(t);
    const { host } = base;
    const { name } = await makeContainer(base, 'status', [], privileged);
    const words = [join(installation().root, 'dist/bin/tslxc-start'), '-n', name];
    const opened = 'for n in 20 50 100 200; do eval "exec $n</"; done; exec "$@"';
    const start = spawnSync('bash', ['-c', opened, 'bash', ...words], { env: host.env, encoding: 'utf8' });
    assert.equal(start.status, 0, start.stderr);
    const init = await initOf(base, name);
    const own = await inside(base, name, 'cat /proc/self/status');
    for (const field of ['CapInh', 'CapAmb']) {
      assert.match(statusField(init, field), /^0+$/, `${field} of init`);
      assert.match(own, new RegExp(`^${field}:\\s0+$`, 'm'), `${field} of an attached command`);
    }
    assert.equal(statusField(init, 'Seccomp'), '2');
    assert.match(own, /^Seccomp:\t2$/m);
    assert.equal(statusField(init, 'Groups').trim(), '');
    assert.match(own, /^Groups:\s*$/m);
    const list = await inside(base, name, 'ls /proc/1/fd');
    assert.deepEqual(list.trim().split('\n'), ['0', '1', '2']);
    const attach = [
      join(installation().root, 'dist/bin/tslxc-attach'),
      '-n',
      name,
      '--',
      '/bin/ls',
      '/proc/self/fd',
    ];
    const listed = spawnSync('bash', ['-c', opened, 'bash', ...attach], { env: host.env, encoding: 'utf8' });
    assert.deepEqual(
      listed.stdout.trim().split('\n'),
      ['0', '1', '2', '3'],
      'its own and that of its listing',
    );
  });
}

test('what attaches has no right that init was started without, whatever the config says', async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'rights', [], true);
  const defines = ['lxc.cap.drop=net_raw', 'lxc.no_new_privs=1'];
  await base.host.ok('start', ['-n', name, ...defines.flatMap(define => ['-s', define])]);
  const init = await initOf(base, name);
  const own = await inside(base, name, 'cat /proc/self/status');
  for (const field of ['CapBnd', 'CapEff', 'CapPrm', 'NoNewPrivs'])
    assert.equal(new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(own)?.[1], statusField(init, field), field);
});

test('what the filter denies is denied, to init and to who attaches', async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'filter');
  await base.host.ok('start', ['-n', name]);
  const tried = await inside(base, name, 'mkdir -p /mnt/f; umount -f /mnt/f 2>&1; :');
  assert.match(tried, /Permission|not permitted|denied/i);
  assert.equal(statusField(await initOf(base, name), 'Seccomp_filters'), '1');
});

test('id maps of two containers are disjoint, and host root is in none', async t => {
  const base = ground(t);
  const ranges = [];
  for (const suffix of ['one', 'two']) {
    const { name } = await makeContainer(base, suffix);
    await base.host.ok('start', ['-n', name]);
    const init = await initOf(base, name);
    for (const file of ['uid_map', 'gid_map']) {
      const [, first = 0, count = 0] = readFileSync(`/proc/${init}/${file}`, 'utf8')
        .trim()
        .split(/\s+/)
        .map(Number);
      ranges.push({ file, first, end: first + count });
    }
  }
  for (const file of ['uid_map', 'gid_map']) {
    const [one, two] = ranges.filter(range => range.file === file).sort((a, b) => a.first - b.first);
    assert.ok(one && two && one.first >= 100_000 && one.end <= two.first, JSON.stringify(ranges));
  }
});

test('control groups: no level but its own is there, limits and release agents are out of reach', async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'groups');
  await base.host.ok('start', ['-n', name]);
  const types = [
    'cgroup2',
    ...readFileSync('/proc/self/cgroup', 'utf8')
      .split('\n')
      .map(line => line.split(':')[1] ?? '')
      .filter(word => word !== '' && !word.startsWith('name=')),
  ];
  let seen = 0;
  for (const type of types) {
    const mount = type === 'cgroup2' ? 'mount -t cgroup2 none /mnt' : `mount -t cgroup -o ${type} none /mnt`;
    const list =
      'for f in $(find . -type f); do (: >>$f) 2>/dev/null && echo "w $f"; done; find . -name release_agent; find .. -maxdepth 2 -name "lxc.payload*"';
    const out = await inside(
      base,
      name,
      `${mount} 2>/dev/null || exit 0; cd /mnt; echo mounted; ${list}; cd /; umount /mnt`,
    );
    if (!out.startsWith('mounted')) continue;
    seen++;
    assert.doesNotMatch(out, /release_agent|lxc\.payload/, type);
    const atTop = [...out.matchAll(/^w \.\/([^/\n]+)$/gm)].map(match => match[1] ?? '');
    assert.deepEqual(
      atTop.filter(file => !DELEGATED.test(file)),
      [],
      `${type}: writable at the top`,
    );
  }
  assert.ok(seen > 0, 'it could mount none');
});

/** What the kernel documents as safe to hand over (/sys/kernel/cgroup/delegate), and v1's lists of processes. */
const DELEGATED =
  /^(cgroup\.(procs|threads|subtree_control|clone_children)|tasks|memory\.(oom\.group|reclaim)|.*\.pressure|io\.prio\.class)$/;

test("nothing of the caller's environment reaches init or a hook, and hooks have 0-2 alone", async t => {
  const base = ground(t);
  const { host } = base;
  const out = join(host.directory, 'out');
  const hook = join(host.directory, 'hook');
  mkdirSync(out);
  chmodSync(out, 0o777);
  writeFileSync(hook, `#!/bin/sh\nenv >${out}/$3.env\nls -l /proc/self/fd >${out}/$3.fds\n`);
  chmodSync(hook, 0o755);
  const hooks = ['pre-start', 'mount', 'start-host'];
  const { name } = await makeContainer(
    base,
    'env',
    hooks.map(type => `lxc.hook.${type} = ${hook}`),
  );
  await host.ok('start', ['-n', name], { env: { CALLERS_SECRET: 'of the caller' } });
  for (const type of hooks) {
    assert.doesNotMatch(readFileSync(join(out, `${type}.env`), 'utf8'), /CALLERS_SECRET/, type);
    const fds = readFileSync(join(out, `${type}.fds`), 'utf8').match(/ \d+ ->/g) ?? [];
    assert.deepEqual(
      fds.map(text => Number.parseInt(text, 10)).filter(fd => fd > 3),
      [],
      type,
    );
  }
  assert.doesNotMatch(await inside(base, name, 'cat /proc/1/environ'), /CALLERS_SECRET/);
});

test("a container in the host's network cannot talk to its monitor", async t => {
  const base = ground(t);
  const { host } = base;
  const { name, rootfs } = await makeContainer(base, 'socket', ['lxc.net =', 'lxc.net.0.type = none']);
  plantAttack(rootfs, 'connect');
  await host.ok('start', ['-n', name]);
  const init = await initOf(base, name);
  const bound = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map(line => line.split(' ').at(-1) ?? '')
    .filter(address => address.includes(name));
  assert.ok(
    bound.some(address => address.startsWith('@')),
    'the address of LXC is held',
  );
  for (const address of [...bound, `/proc/${init}/root${host.runDir}/control`])
    assert.notEqual((await inside(base, name, `/connect '${address}'`)).trim(), 'connected', address);
});

test("start -F leaves the caller's terminal to the caller", async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'front');
  const start = join(installation().root, 'dist/bin/tslxc-start');
  const script = 'if (: </dev/tty) 2>/dev/null; then echo has-$((1+1)); else echo none-$((1+1)); fi; exit 0';
  const terminal = new Terminal(t, start, ['-F', '-n', name, '--', '/bin/sh', '-c', script], {
    ...base.host.env,
  });
  assert.equal(await terminal.see(/(has|none)-2/), 'none-2');
  await terminal.exit();
});

test('of init, nothing else of the host is there: no second process, no other root', async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'alone');
  await base.host.ok('start', ['-n', name]);
  const names = await inside(base, name, 'cat /proc/[0-9]*/comm');
  assert.doesNotMatch(names, /node|tslxc/);
  assert.equal(
    (await inside(base, name, 'ls -d /proc/1/root/../etc/inittab')).trim(),
    '/proc/1/root/../etc/inittab',
  );
});
