// The life of a real container through the installed verbs: outputs, words and exit statuses of lxc-commands 3.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from './harness.ts';
import { assertRestored, watched } from './live.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const name = h.name('b');

before(async () => {
  await h.ok('create', ['-n', name, '-t', 'busybox', '-q']);
});

const initPid = async (of = name) => Number((await h.ok('info', ['-pH', of])).stdout);
const state = async (of = name) => (await h.ok('info', ['-sH', of])).stdout.trim();
const started = async (...args: string[]) => {
  await h.ok('start', ['-n', name, ...args]);
};
const stoppedFirst = async () => {
  const { status } = await h.run('stop', ['-n', name, '-k']);
  assert.ok(status === 0 || status === 2);
};

test('start prints nothing; a second one says so and exits 0', async () => {
  await stoppedFirst();
  const first = await h.run('start', [name]);
  assert.deepEqual([first.status, first.stdout, first.stderr], [0, '', '']);
  const second = await h.run('start', [name]);
  assert.deepEqual(
    [second.status, second.stderr],
    [0, `tslxc-start: ${name}: Container is already running\n`],
  );
});

test('info and ls of a running container', async () => {
  await stoppedFirst();
  await started();
  const pid = await initPid();
  assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`lxc\\.payload\\.${name}`));
  const { stdout } = await h.ok('info', [name]);
  assert.match(stdout, new RegExp(`^Name: {11}${name}\\nState: {10}RUNNING\\nPID: {12}${pid}\\n`));
  assert.match(stdout, /^CPU use: {8}\d+\.\d\d seconds$/m);
  assert.match(stdout, /^Memory use: {5}[\d.]+ (bytes|KiB|MiB)$/m);
  assert.match(stdout, /^Link: {11}veth\w{8}\n TX bytes: .*\n RX bytes: .*\n Total bytes: /m);
  const raw = await h.ok('info', ['-S', '-H', name]);
  assert.match(raw.stdout, /^CPU use: {8}\d+$/m);
  const row = (await h.ok('ls', ['-f', '-F', 'NAME,STATE,PID,RAM,UNPRIVILEGED'])).stdout.split('\n')[1] ?? '';
  assert.match(row, new RegExp(`^${name} RUNNING ${pid} +\\d+\\.\\d\\dMB true +$`));
  const json = JSON.parse((await h.ok('info', ['--format', 'json', name])).stdout);
  assert.deepEqual([json.state, json.pid], ['RUNNING', pid]);
  assert.equal((await h.ok('ls', ['-1', '--running'])).stdout, `${name}\n`);
  assert.equal((await h.ok('ls', ['-1', '--stopped'])).stdout, '');
});

test('attach: streams apart, the status passed on, 127 and 126 as a shell says them', async () => {
  await stoppedFirst();
  await started();
  const attach = (...args: string[]) => h.run('attach', ['-n', name, ...args]);
  const both = await attach('--', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual([both.status, both.stdout, both.stderr], [7, 'out\n', 'err\n']);
  assert.equal((await attach('--', 'sh', '-c', 'kill -9 $$')).status, 137);
  assert.equal((await attach('--', 'nosuch')).status, 127);
  assert.equal((await attach('--', '/etc/passwd')).status, 126);
  const input = await h.run('attach', [name], { input: 'echo $((6*7))\n' });
  assert.deepEqual([input.status, input.stdout], [0, '42\n']);
  assert.equal((await attach('-u', '12', '-g', '34', '--', 'sh', '-c', 'id -u; id -g')).stdout, '12\n34\n');
  assert.equal((await attach('-a', 'nosuch', '--', 'true')).status, 1);
  assert.match((await attach('-s', 'NET|FOO', '--', 'true')).stderr, /unknown namespace/);
  assert.match((await attach('-eFOO', '--', 'true')).stderr, /unknown privilege FOO/);
});

test('attach: the environment of LXC', async () => {
  await stoppedFirst();
  await started();
  const env = async (...args: string[]) =>
    (await h.ok('attach', ['-n', name, ...args, '--', 'env'], { env: { MINE: 'kept' } })).stdout
      .split('\n')
      .sort();
  assert.ok((await env()).includes('MINE=kept'));
  assert.ok((await env()).includes('container=lxc'));
  const cleared = await env('--clear-env', '-v', 'A=1', '-v', 'A=2');
  assert.ok(!cleared.includes('MINE=kept') && cleared.includes('A=2') && !cleared.includes('A=1'));
  assert.ok((await env('--clear-env', '--keep-var', 'MINE')).includes('MINE=kept'));
});

test('stop ends busybox well before a minute, and its whole payload', async () => {
  await stoppedFirst();
  await started();
  const pid = await initPid();
  const { durationMs } = await h.ok('stop', [name]);
  assert.ok(durationMs < 10_000, `took ${durationMs} ms`);
  assert.equal(await state(), 'STOPPED');
  assert.ok(!existsSync(`/proc/${pid}`));
});

test('stop right after start: the halt signal waits for a handler', async () => {
  await stoppedFirst();
  await started();
  const { durationMs } = await h.ok('stop', [name, '-t', '20']);
  assert.ok(durationMs < 10_000, `took ${durationMs} ms`);
});

test('stop -t with an init that never listens kills it in time; --nokill fails with 1', async () => {
  await stoppedFirst();
  await started('--', '/bin/sh', '-c', 'while :; do sleep 100; done');
  const kept = await h.run('stop', [name, '-t', '1', '--nokill']);
  assert.equal(kept.status, 1);
  assert.equal(await state(), 'RUNNING');
  const { durationMs } = await h.ok('stop', [name, '-t', '1']);
  assert.ok(durationMs < 4000, `took ${durationMs} ms`);
  assert.equal(await state(), 'STOPPED');
});

test('stop -r reboots: a new init, RUNNING again', async () => {
  await stoppedFirst();
  await started();
  const before = await initPid();
  await h.ok('stop', ['-r', name]);
  assert.equal(await state(), 'RUNNING');
  assert.notEqual(await initPid(), before);
});

test('stop of a frozen container thaws it first; destroy without -f refuses', async () => {
  await stoppedFirst();
  await started();
  const pid = await initPid();
  freeze(pid, name);
  assert.equal(await state(), 'FROZEN');
  assert.equal((await h.ok('ls', ['-1', '--frozen'])).stdout, `${name}\n`);
  const refused = await h.run('destroy', [name]);
  assert.deepEqual([refused.status, refused.stderr.split('\n')[0]], [1, `tslxc-destroy: ${name} is running`]);
  await h.ok('stop', [name]);
  assert.equal(await state(), 'STOPPED');
});

function freeze(pid: number, container: string): void {
  const mount = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(
    readFileSync('/proc/self/mountinfo', 'utf8'),
  )?.[1];
  assert.ok(mount, 'no cgroup2 here: freezing is v1, which this test does not know');
  const path = /^0::(\S+)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  const payload = path.slice(0, path.indexOf(container) + container.length);
  const rest = path.slice(payload.length).split('/')[0] ?? '';
  writeFileSync(`${mount}${payload}${rest}/cgroup.freeze`, '1');
}

test('wait sees a start and a stop', async () => {
  await stoppedFirst();
  const running = h.run('wait', [name, '-s', 'RUNNING', '-t', '20']);
  await started();
  assert.equal((await running).status, 0);
  const stopped = h.run('wait', [name, '-s', 'STOPPED', '-t', '20']);
  await h.ok('stop', [name, '-k']);
  assert.equal((await stopped).status, 0);
});

test('start -p writes the monitor, and the file goes with the container', async () => {
  await stoppedFirst();
  const file = join(h.directory, 'pid');
  await started('-p', file);
  const pid = readFileSync(file, 'utf8').trim();
  assert.equal(
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0],
    `[tslxc monitor] ${h.lxcpath} ${name}`,
  );
  await h.ok('stop', [name]);
  assert.ok(!existsSync(file));
});

test('start -s, -L, -f: keys from the command line, the console to a file, a config from elsewhere', async () => {
  await stoppedFirst();
  const log = join(h.directory, 'console.log');
  // An init that leaves the hostname alone: busybox's own sets that of /etc/hostname.
  const quietInit = ['--', '/bin/sh', '-c', 'while :; do sleep 100; done'];
  await started('-s', 'lxc.uts.name = elsewhere', '-L', log, ...quietInit);
  assert.equal((await h.ok('attach', [name, '--', 'hostname'])).stdout, 'elsewhere\n');
  assert.ok(existsSync(log));
  await stoppedFirst();
  const copy = join(h.directory, 'copy.conf');
  writeFileSync(copy, `${h.config(name)}\nlxc.uts.name = copied\n`);
  await started('-f', copy, ...quietInit);
  assert.equal((await h.ok('attach', [name, '--', 'hostname'])).stdout, 'copied\n');
});

test('a container without a directory lives from -f alone, and nothing remembers it', async () => {
  const homeless = h.name('h');
  const absent = await h.run('start', [homeless]);
  assert.equal(absent.status, 1);
  const config = join(h.directory, 'homeless.conf');
  const lines = h
    .config(name)
    .split('\n')
    .filter(line => !line.startsWith('lxc.idmap'));
  writeFileSync(
    config,
    `${lines.join('\n')}\nlxc.idmap = u 0 ${h.firstId + 65536 * 200} 65536\nlxc.idmap = g 0 ${h.firstId + 65536 * 200} 65536\n`,
  );
  await stoppedFirst();
  await h.ok('start', ['-n', homeless, '-f', config]);
  assert.equal((await h.ok('ls', ['-1', '--running'])).stdout, `${homeless}\n`);
  await h.ok('stop', ['-n', homeless]);
  const failed = await h.run('start', ['-n', homeless, '-f', config, '--', '/nosuch']);
  assert.equal(failed.status, 1);
  assert.deepEqual(
    readdirSync(h.runDir).filter(entry => entry.startsWith(homeless)),
    [],
  );
});

test('start --share-net joins the network of a pid', async () => {
  await stoppedFirst();
  const other = h.name('s');
  await h.ok('create', ['-n', other, '-t', 'busybox', '-q']);
  await started();
  const pid = await initPid();
  const joined = await h.run('start', [other, `--share-net=${name}`]);
  // The other user namespace owns that network: the kernel lets root of the host join it.
  assert.equal(joined.status, 0, joined.stderr);
  const own = await initPid(other);
  const netOf = (of: number) => readFileSync(`/proc/${of}/net/dev`, 'utf8').match(/eth0/)?.[0];
  assert.equal(netOf(own), netOf(pid));
  await h.ok('stop', [other, '-k']);
  await h.ok('destroy', [other]);
});

test('start -F ends with the container, with 0 whatever init returned', async () => {
  await stoppedFirst();
  const { status, stdout } = await h.run('start', [
    name,
    '-F',
    '--',
    '/bin/sh',
    '-c',
    'echo to the console; exit 7',
  ]);
  assert.deepEqual([status, stdout], [0, '']);
});

test('start -F on a terminal is the console, without an escape, and gives the terminal back', async t => {
  await stoppedFirst();
  const program = join(installation().root, 'dist/bin/tslxc-start');
  const guest = 'stty -echo; echo ready; read line; echo "got $line" | od -c; exit 3';
  const terminal = watched(t, program, [name, '-F', '--', '/bin/sh', '-c', guest], h.env);
  await terminal.see('ready');
  assert.equal(await state(), 'RUNNING');
  // Ctrl-a q is the guest's to read.
  terminal.write('\u0001q\r');
  await terminal.see(/001 +q/);
  await terminal.see('status 0');
  await assertRestored(terminal);
  assert.equal(await state(), 'STOPPED');
});

test('start -F: a signal for it alone is passed to init, as LXC passes it', async () => {
  await stoppedFirst();
  const guest = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
  const child = h.begin('start', [name, '-F', '--', '/bin/sh', '-c', guest]);
  const ended = new Promise<unknown>(resolve => child.once('exit', resolve));
  await h.ok('wait', [name, '-s', 'RUNNING', '-t', '20']);
  child.kill('SIGTERM');
  await ended;
  await h.ok('wait', [name, '-s', 'STOPPED', '-t', '20']);
});

test('plan shows each op with its reason, changes nothing, and reads as JSON', async () => {
  await stoppedFirst();
  const { stdout } = await h.ok('plan', [name]);
  assert.match(stdout, /^plan launch$/m);
  assert.match(stdout, /\d+ clone_init .* {2}# /);
  assert.match(stdout, /veth_make .*# .*config:\d+/);
  const bare = await h.ok('plan', [name, '--bare']);
  assert.ok(!bare.stdout.includes('#'));
  const data = JSON.parse((await h.ok('plan', [name, '--format', 'json'])).stdout);
  assert.equal(data.kind, 'launch');
  assert.equal(await state(), 'STOPPED');
});

test('a start that is interrupted in a hook leaves nothing, and exits as a shell expects', async () => {
  await stoppedFirst();
  const before = leftovers();
  const slow = join(h.directory, 'slow.conf');
  const mark = join(h.directory, 'in-the-hook');
  writeFileSync(slow, `${h.config(name)}\nlxc.hook.start-host = sh -c "touch ${mark}; sleep 61.0625"\n`);
  const child = h.begin('start', [name, '-f', slow]);
  const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)));
  while (!existsSync(mark)) await new Promise(resolve => setTimeout(resolve, 20));
  child.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.equal(await state(), 'STOPPED');
  const commands = readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid))
    .map(commandOf);
  assert.ok(!commands.includes('sleep 61.0625'), 'what the hook started lives on');
  assert.deepEqual(leftovers(), before);
  const waiting = h.begin('wait', [name, '-s', 'RUNNING']);
  const left = new Promise<number | null>(resolve => waiting.once('exit', code => resolve(code)));
  await new Promise(resolve => setTimeout(resolve, 500));
  waiting.kill('SIGTERM');
  assert.equal(await left, 143);
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}

/** What a start makes on the host: control groups, links, mounts, monitors. */
function leftovers(): string[] {
  const lines = (file: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(line => line.includes(h.id));
  const groups = lines('/proc/self/mountinfo').length;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/ (\/sys\/fs\/cgroup\S*) /g);
  const payloads = [...mounts]
    .map(match => `${match[1]}/lxc.payload.${name}`)
    .filter(path => existsSync(path));
  const veths = readFileSync('/proc/net/dev', 'utf8').match(/^\s*veth\w+/gm)?.length ?? 0;
  const sockets = lines('/proc/net/unix').length;
  return [`${groups} mounts`, ...payloads, `${veths} veths`, `${sockets} sockets`];
}

test('destroy -f ends and removes it; then it does not exist', async () => {
  await h.ok('destroy', ['-f', name]);
  const { status, stderr } = await h.run('info', [name]);
  assert.deepEqual([status, stderr], [1, `${name} doesn't exist\n`]);
});
