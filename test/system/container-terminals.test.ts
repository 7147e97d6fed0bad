// What an LXC user does with a terminal and a real container.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from './harness.ts';
import { assertRestored, finished, Terminal, until, watched } from './live.ts';

const MEGABYTES = 100;
const TOTAL_BYTES = MEGABYTES << 20;
const NO_NETWORK = 'lxc.net.0.type = empty\n';
const SENDING = `stty raw -echo; echo -n "<"; i=0; while [ $i -lt ${MEGABYTES} ]; do cat /megabyte; i=$((i+1)); done; echo -n ">"`;

async function busybox(t: TestContext): Promise<{ own: Harness; name: string }> {
  const own = harness(t, { defaultConfig: NO_NETWORK });
  const name = own.name('t');
  await own.ok('create', ['-n', name, '-t', 'busybox', '--full']);
  return { own, name };
}

const verbIn = (t: TestContext, own: Harness, verb: string, args: readonly string[]): Terminal =>
  new Terminal(t, join(installation().root, `dist/bin/tslxc-${verb}`), args, own.env);

/** Puts /megabyte into the container; what 100 of it come to. */
function plantMegabyte(own: Harness, name: string): string {
  const megabyte = randomBytes(1 << 20).map(byte => (byte === 0x3c ? 0 : byte));
  writeFileSync(join(own.lxcpath, name, 'rootfs/megabyte'), megabyte, { mode: 0o644 });
  const hash = createHash('sha256');
  for (let i = 0; i < MEGABYTES; i++) hash.update(megabyte);
  return hash.digest('hex');
}

/** The digest of what comes between the first < and the end of the megabytes; with pauses, as a slow reader takes it. */
async function takeMegabytes(child: ChildProcess, slow: boolean): Promise<string> {
  const hash = createHash('sha256');
  let taken = -1;
  let pauses = 0;
  const take = (chunk: Buffer) => {
    const begin = taken < 0 ? chunk.indexOf('<') : -1;
    if (taken < 0 && begin < 0) return;
    const piece = chunk.subarray(begin + 1);
    taken = Math.max(taken, 0);
    hash.update(piece.subarray(0, TOTAL_BYTES - taken));
    taken = Math.min(taken + piece.length, TOTAL_BYTES);
    if (!slow || taken < (pauses + 1) * (TOTAL_BYTES / 8)) return;
    pauses++;
    child.stdout?.pause();
    setTimeout(() => child.stdout?.resume(), 300);
  };
  child.stdout?.on('data', take);
  await until('100 MB', () => taken === TOTAL_BYTES || undefined);
  child.stdout?.off('data', take).resume();
  return hash.digest('hex');
}

test('the console reaches a login prompt, and Ctrl+a q leaves', async t => {
  const { own, name } = await busybox(t);
  await own.ok('start', ['-n', name]);
  for (const [args, number] of [
    [[], 1],
    [['-t', '0'], 0],
    [['-t', '2', '-e', 'b'], 2],
  ] as const) {
    const terminal = verbIn(t, own, 'console', ['-n', name, ...args]);
    await terminal.see(`Connected to tty ${number}\r\n`);
    await terminal.see('itself');
    terminal.write('\r');
    await terminal.see('login: ');
    terminal.write(number === 2 ? '\x02q' : '\x01q');
    assert.deepEqual(await terminal.exit(), { status: 0, signal: 0 });
  }
});

test('100 MB from a container’s raw console arrive byte for byte', { timeout: 120_000 }, async t => {
  const { own, name } = await busybox(t);
  const digest = plantMegabyte(own, name);
  const script = `while read go; do ${SENDING}; stty sane; done`;
  await own.ok('start', ['-n', name, '--', '/bin/sh', '-c', script]);
  for (const slow of [false, true]) {
    const client = own.begin('console', ['-n', name, '-t', '0']);
    client.stdin?.write('go\n');
    assert.equal(await takeMegabytes(client, slow), digest, slow ? 'slow' : 'fast');
    client.kill('SIGTERM');
    await until('its end', () => client.signalCode ?? undefined);
  }
});

test('100 MB through attach arrive byte for byte, by its pty and by a pipe', {
  timeout: 180_000,
}, async t => {
  const { own, name } = await busybox(t);
  const digest = plantMegabyte(own, name);
  await own.ok('start', ['-n', name]);
  const attach = `${join(installation().root, 'dist/bin/tslxc-attach')} -n ${name} -- /bin/sh -c`;
  const read = (pause: string) =>
    `for i in $(seq ${MEGABYTES}); do head -c 1048576; ${pause} done | sha256sum`;
  const pause = 'case $i in *0) sleep 0.3;; esac;';
  const plain = SENDING.replace('echo -n "<";', '').replace('; echo -n ">"', '');
  const inner = plain.replace('stty raw -echo;', '');
  for (const [what, command] of [
    ['a pipe', `${attach} '${inner}' | { ${read('')}; }`],
    ['a pipe, slow', `${attach} '${inner}' | { ${read(pause)}; }`],
    ['its pty', `script -qfec "$PTY" /dev/null | { ${read('')}; }`],
    ['its pty, slow', `script -qfec "$PTY" /dev/null | { ${read(pause)}; }`],
  ] as const) {
    const shell = spawn('bash', ['-c', command], { env: { ...own.env, PTY: `${attach} '${plain}'` } });
    const { stdout, stderr } = await finished(shell);
    assert.equal(stdout.toString().split(' ')[0], digest, `${what}: ${stderr}`);
  }
});

test('attach in a terminal: its own pty, window size, status, and the terminal restored', async t => {
  const { own, name } = await busybox(t);
  await own.ok('start', ['-n', name]);
  const inner = 'tty; stty size; read line; echo "got:$line"; exit 7';
  const attach = join(installation().root, 'dist/bin/tslxc-attach');
  const terminal = watched(t, attach, ['-n', name, '--', '/bin/sh', '-c', inner], own.env);
  await terminal.see(/\/dev\/pts\/\d+\r\n/);
  await terminal.see('24 80\r\n');
  terminal.write('\x01q\r');
  await terminal.see('got:\x01q\r\n');
  await terminal.see('status 7\r\n');
  await assertRestored(terminal);
});

test('attach without a terminal keeps stdout and stderr apart and passes stdin and the status', async t => {
  const { own, name } = await busybox(t);
  await own.ok('start', ['-n', name]);
  const script = 'cat; echo error >&2; test -t 0 || test -t 1 || exit 7';
  const { status, stdout, stderr } = await own.run('attach', ['-n', name, '--', '/bin/sh', '-c', script], {
    input: 'input\n',
  });
  assert.deepEqual({ status, stdout, stderr }, { status: 7, stdout: 'input\n', stderr: 'error\n' });
});

test('a foreground start is the console, without an escape, and ends with 0', async t => {
  const { own, name } = await busybox(t);
  const start = join(installation().root, 'dist/bin/tslxc-start');
  const init = 'read line; echo "got:$line"; exit 7';
  const terminal = watched(t, start, ['-F', '-n', name, '--', '/bin/sh', '-c', init], own.env);
  await until('RUNNING', async () =>
    (await own.ok('info', ['-s', '-n', name])).stdout.includes('RUNNING') ? true : undefined,
  );
  terminal.write('\x01q\r');
  await terminal.see('got:\x01q\r\n');
  await terminal.see('status 0\r\n');
  await assertRestored(terminal);
});

test('a foreground start without a terminal keeps the console off stdout', async t => {
  const { own, name } = await busybox(t);
  const { status, stdout } = await own.run(
    'start',
    ['-F', '-n', name, '--', '/bin/sh', '-c', 'echo console; exit 7'],
    { input: '' },
  );
  assert.equal(status, 0);
  assert.equal(stdout, '');
});

test('a stopped container has no console', async t => {
  const { own, name } = await busybox(t);
  const { status, stderr } = await own.run('console', ['-n', name]);
  assert.equal(status, 1);
  assert.match(stderr, /not running/);
});
