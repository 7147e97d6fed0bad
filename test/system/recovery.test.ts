// What survives what: a killed monitor, two starts at once, another boot, LXC itself. Never two inits on one rootfs, state true
// within a second, the next command cleans up.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from './harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const name = h.name('r');

before(async () => {
  await h.ok('create', ['-n', name, '-t', 'busybox', '-q', '--full']);
});
afterEach(async () => {
  await h.run('stop', ['-n', name, '-k']);
});

const info = async () => JSON.parse((await h.ok('info', ['--format', 'json', name])).stdout);
const state = async () => (await info()).state as string;

/** Processes whose root is this container's: there must never be two inits among them. */
function initsOfRootfs(): number[] {
  const isOurs = (pid: string) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // The host's PID 1 may be slow to take a zombie away.
      const isInit = /^NSpid:.*\t1$/m.test(status) && !/^State:\s*[ZX]/m.test(status);
      return isInit && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`lxc.payload.${name}`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid) && isOurs(pid))
    .map(Number);
}

/** Three times the bar is the limit, for a busy machine; how long it took is printed, to be judged. */
async function within(
  t: Pick<TestContext, 'diagnostic'>,
  ms: number,
  what: string,
  look: () => Promise<boolean> | boolean,
): Promise<void> {
  const began = performance.now();
  for (;;) {
    const at = performance.now() - began;
    if (await look()) return t.diagnostic(`${what} at the look after ${Math.round(at)} ms`);
    assert.ok(at < 3 * ms, `not within ${3 * ms} ms: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

test('a killed monitor takes init along; STOPPED within a second; the next start cleans up and runs', async t => {
  await h.ok('start', [name]);
  const { monitorPid } = await info();
  process.kill(monitorPid, 'SIGKILL');
  await within(t, 1000, 'STOPPED', async () => (await state()) === 'STOPPED');
  assert.deepEqual(initsOfRootfs(), []);
  await h.ok('start', [name]);
  assert.equal(initsOfRootfs().length, 1);
  await h.ok('stop', [name]);
  assert.deepEqual(linksOf(), []);
});

function linksOf(): string[] {
  return readdirSync(`/sys/class/net/${h.bridge}/brif`);
}

test('after a killed monitor stop says not running, and leaves nothing', async t => {
  await h.ok('start', [name]);
  const { monitorPid } = await info();
  process.kill(monitorPid, 'SIGKILL');
  await within(t, 1000, 'STOPPED', async () => (await state()) === 'STOPPED');
  assert.equal((await h.run('stop', [name])).status, 2);
  assert.deepEqual(linksOf(), []);
  assert.deepEqual(payloads(), []);
});

function payloads(): string[] {
  const mounts = [
    ...readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/ (\/\S+) \S+ (?:\S+ )*- cgroup2? /g),
  ];
  return mounts.map(match => `${match[1]}/lxc.payload.${name}`).filter(path => existsSync(path));
}

test('with pdeath 0 init outlives its monitor: RUNNING, attachable, not startable, stoppable', async t => {
  const config = join(h.directory, 'pdeath.conf');
  writeFileSync(config, h.config(name));
  appendFileSync(config, 'lxc.monitor.signal.pdeath = 0\n');
  await h.ok('start', [name, '-f', config]);
  const { monitorPid, pid } = await info();
  process.kill(monitorPid, 'SIGKILL');
  await within(t, 1000, 'the monitor gone', async () => (await info()).monitorPid === null);
  assert.deepEqual([(await info()).state, (await info()).pid], ['RUNNING', pid]);
  assert.equal((await h.ok('attach', [name, '--', 'echo', 'alive'])).stdout, 'alive\n');
  const again = await h.run('start', [name]);
  assert.deepEqual([again.status, initsOfRootfs()], [0, [pid]]);
  assert.match(again.stderr, /already running/);
  assert.match((await h.run('console', [name])).stderr, /monitor of \S+ was killed/);
  await h.ok('stop', [name]);
  assert.equal(await state(), 'STOPPED');
  assert.deepEqual([initsOfRootfs(), linksOf(), payloads()], [[], [], []]);
  await h.ok('start', [name]);
});

test('starts at once: one init, and all of them succeed', async () => {
  const results = await Promise.all(Array.from({ length: 6 }, () => h.run('start', [name])));
  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 0, 0, 0, 0, 0],
    results.map(({ stderr }) => stderr).join(''),
  );
  assert.equal(initsOfRootfs().length, 1);
});

test('start and stop at once end in one of the two states', async () => {
  for (let round = 0; round < 5; round++) {
    await Promise.all([h.run('start', [name]), h.run('stop', [name, '-k'])]);
    assert.ok(initsOfRootfs().length <= 1);
    const now = await state();
    assert.equal(now === 'RUNNING' ? 1 : 0, initsOfRootfs().length, now);
  }
});

test('a guest whose init was upgraded reboots under a new plan', async () => {
  await h.ok('start', [name]);
  const { pid } = await info();
  const busybox = join(h.lxcpath, name, 'rootfs/bin/busybox');
  writeFileSync(`${busybox}.new`, Buffer.concat([readFileSync(busybox), Buffer.from('\n')]), { mode: 0o755 });
  renameSync(`${busybox}.new`, busybox);
  await h.ok('stop', ['-r', name]);
  const now = await info();
  assert.equal(now.state, 'RUNNING');
  assert.notEqual(now.pid, pid);
  assert.equal(initsOfRootfs().length, 1);
});

test('after another boot everything is STOPPED and startable', async () => {
  await h.ok('start', [name]);
  await h.ok('stop', [name]);
  // A crash: what the run directory says is of a boot that is over.
  const run = readdirSync(h.runDir).find(entry => entry.startsWith(name)) ?? '';
  const record = `${process.pid} ${starttime(process.pid)} 00000000-0000-0000-0000-000000000000 1 1\n`;
  writeFileSync(join(h.runDir, run, 'init'), record);
  appendFileSync(join(h.runDir, run, 'events'), '999999 1 RUNNING\n');
  assert.equal(await state(), 'STOPPED');
  await h.ok('start', [name]);
  assert.equal(initsOfRootfs().length, 1);
});

for (const [what, emptyRun] of [
  ['an empty run directory', 'mount -t tmpfs -o mode=711 none "$RUN"'],
  ['the run directory of before', 'true'],
])
  test(`after a crash, with another boot id over the kernel's and ${what}, all are STOPPED and startable`, async t => {
    // Privileged: beneath a /proc that something is mounted over, the kernel gives a user namespace no /proc of its own.
    const privileged = h.name(emptyRun === 'true' ? 'p' : 'q');
    await h.ok('create', ['-n', privileged, '-t', 'busybox', '-q', '--privileged']);
    for (const each of [name, privileged]) {
      await h.ok('start', [each]);
      process.kill(JSON.parse((await h.ok('info', ['--format', 'json', each])).stdout).monitorPid, 'SIGKILL');
      await within(
        t,
        1000,
        'STOPPED',
        async () => (await h.ok('info', ['-sH', each])).stdout === 'STOPPED\n',
      );
    }
    const other = join(h.directory, 'boot_id');
    writeFileSync(other, '11111111-2222-3333-4444-555555555555\n');
    const commands = `tslxc-ls -1 --stopped; tslxc-ls -1 --active; echo; tslxc-start ${privileged} && tslxc-info -sH ${privileged}
      tslxc-start ${privileged}; tslxc-stop ${privileged} && tslxc-info -sH ${privileged}`;
    const script = `mount --bind ${other} /proc/sys/kernel/random/boot_id && ${emptyRun} && { ${commands}; }`;
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', '--propagation', 'private', '--', 'sh', '-c', script],
      {
        env: { ...h.env, RUN: h.runDir, PATH: `${join(installation().root, 'dist/bin')}:${h.env['PATH']}` },
        encoding: 'utf8',
      },
    );
    const listed = [privileged, name].sort().reverse().join('\n');
    assert.deepEqual(
      stdout
        .split('\n\n')[0]
        ?.trim()
        .split('\n')
        .filter(line => listed.includes(line)).length,
      2,
      stdout + stderr,
    );
    assert.ok(stdout.endsWith('\n\nRUNNING\nSTOPPED\n'), stdout + stderr);
    assert.equal(stderr, `tslxc-start: ${privileged}: Container is already running\n`);
    await h.ok('start', [name]);
    await h.ok('destroy', ['-f', privileged]);
  });

function starttime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const lxcInfo = '/usr/bin/lxc-info';
const noLxc = existsSync(lxcInfo) ? false : 'LXC is not installed here: nothing to exclude';

test("LXC sees ours as taken, and ours leaves LXC's alone", { skip: noLxc }, async t => {
  await h.ok('start', [name]);
  const refused = spawnSync('/usr/bin/lxc-start', ['-P', h.lxcpath, '-n', name], { encoding: 'utf8' });
  assert.notEqual(refused.status, null);
  assert.equal(initsOfRootfs().length, 1);
  await h.ok('stop', [name]);
  const config = join(h.directory, 'lxc.conf.test');
  const lines = h
    .config(name)
    .split('\n')
    .filter(line => !/^lxc\.(idmap|net|include|seccomp|apparmor)/.test(line));
  writeFileSync(config, `${lines.join('\n')}\nlxc.net.0.type = empty\n`);
  const theirs = spawnSync('/usr/bin/lxc-start', ['-P', h.lxcpath, '-n', name, '-f', config], {
    encoding: 'utf8',
  });
  if (theirs.status !== 0) return t.skip(`lxc-start cannot run it here: ${theirs.stderr.split('\n')[0]}`);
  try {
    assert.equal(await state(), 'RUNNING');
    // It runs, and that is all that a start wants: LXC's own exit status is 0.
    const start = await h.run('start', [name]);
    assert.equal(start.status, 0);
    assert.match(start.stderr, /is run by LXC's own monitor/);
    for (const verb of ['stop', 'attach', 'console', 'destroy']) {
      const held = await h.run(verb, [name]);
      assert.notEqual(held.status, 0, verb);
      assert.match(held.stderr, /is run by LXC's own monitor/, verb);
    }
  } finally {
    execFileSync('/usr/bin/lxc-stop', ['-P', h.lxcpath, '-n', name, '-k']);
  }
  await within(t, 5000, 'LXC gone', async () => (await state()) === 'STOPPED');
});
