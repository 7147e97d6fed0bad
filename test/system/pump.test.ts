import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  assertRestored,
  finished,
  liveHarness,
  Terminal,
  temporaryDirectory,
  until,
  watched,
} from './live.ts';

const MEGABYTES = 100;

/** The pump in a terminal, with all three descriptors on it. */
const pumped = (t: TestContext, script: string, env: Record<string, string> = {}, log = '-'): Terminal =>
  new Terminal(t, liveHarness(), ['pump', log, 'sh', '-c', script], env);

test('the command’s status is passed on', async t => {
  assert.equal((await pumped(t, 'exit 7').exit()).status, 7);
  assert.equal((await pumped(t, 'kill -KILL $$').exit()).status, 137);
  const plain = await finished(spawn(liveHarness(), ['pump', '-', 'sh', '-c', 'exit 7']));
  assert.equal(plain.status, 7);
});

test('without a terminal the descriptors pass as they are', async () => {
  const child = spawn(liveHarness(), [
    'pump',
    '-',
    'sh',
    '-c',
    'cat; echo to stderr >&2; test -t 0 || echo no tty',
  ]);
  child.stdin.end('to stdout\n');
  assert.deepEqual(await finished(child), {
    status: 0,
    stdout: Buffer.from('to stdout\nno tty\n'),
    stderr: 'to stderr\n',
  });
});

test('only what is a terminal becomes the pty', async t => {
  const out = join(temporaryDirectory(t), 'out');
  const script = `"$0" pump - sh -c 'test -t 0 && test ! -t 1 && test -t 2 && echo plain; echo loud >&2' >"${out}"; echo "status $?"; read hold`;
  const terminal = new Terminal(t, 'sh', ['-c', script, liveHarness()]);
  await terminal.see('loud');
  await terminal.see('status 0');
  assert.equal(readFileSync(out, 'latin1'), 'plain\n');
});

test('100 MB through the pty arrive byte for byte, also at a slow reader', { timeout: 120_000 }, async t => {
  const file = join(temporaryDirectory(t), 'megabyte');
  const megabyte = randomBytes(1 << 20);
  writeFileSync(file, megabyte);
  const hash = createHash('sha256');
  for (let i = 0; i < MEGABYTES; i++) hash.update(megabyte);
  const digest = hash.digest('hex');
  const script = `stty raw -echo; for i in $(seq ${MEGABYTES}); do cat "$FILE"; done`;
  for (const pause of ['', 'case $i in *0) sleep 0.3;; esac;'])
    await t.test(pause === '' ? 'fast' : 'slow', async () => {
      // The outer terminal is script's; what it passes on is read in pieces with pauses between. Its stdin stays open: at the
      // end of it script would type an end of file.
      const reader = `for i in $(seq 100); do head -c 1048576; ${pause} done | sha256sum`;
      const command = `script -qfec '${liveHarness()} pump - sh -c "$SCRIPT"' /dev/null | { ${reader}; }`;
      const { stdout } = await finished(
        spawn('bash', ['-c', command], { env: { ...process.env, SCRIPT: script, FILE: file } }),
      );
      assert.equal(stdout.toString().split(' ')[0], digest);
    });
});

test('no tail is lost when the command ends at once', async () => {
  for (let i = 0; i < 20; i++) {
    const script = `script -qfec '${liveHarness()} pump - seq 1 3000' /dev/null | tail -1`;
    const { stdout } = await finished(spawn('bash', ['-c', script]));
    assert.equal(stdout.toString().trim(), '3000');
  }
});

test('Ctrl+c and Ctrl+z are for the command', async t => {
  const terminal = pumped(t, 'trap "echo interrupted" INT; echo ready; while :; do sleep 0.05; done');
  await terminal.see('ready');
  terminal.write('\x03');
  await terminal.see('interrupted');
  const shell = new Terminal(t, liveHarness(), ['pump', '-', 'bash', '--norc', '-i'], { PS1: 'inner> ' });
  await shell.see('inner> ');
  shell.write('cat\r');
  await shell.see('cat\r\n');
  shell.write('it runs\r');
  await shell.see(/it runs\r\n[\s\S]*it runs\r\n/);
  shell.write('\x1a');
  await shell.see('Stopped');
  shell.write('exit 5\r');
  await shell.see('inner> ');
  shell.write('exit 5\r');
  assert.equal((await shell.exit()).status, 5);
});

test('Ctrl+c reaches a command whose stdin is a pipe', async t => {
  const inner = 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.05; done';
  const script = `sleep 10 | "$0" pump - sh -c '${inner}'; echo "status $?"; read hold`;
  const terminal = new Terminal(t, 'bash', ['-c', `trap : INT; ${script}`, liveHarness()]);
  await terminal.see('ready');
  terminal.write('\x03');
  await terminal.see('interrupted');
  await terminal.see('status 4');
});

test('Ctrl+c reaches a command that has no terminal at all', async t => {
  const out = join(temporaryDirectory(t), 'out');
  const inner = 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.05; done';
  const script = `trap : INT; "$0" pump - sh -c '${inner}' </dev/null >"${out}" 2>&1; echo "status $?"; read hold`;
  const terminal = new Terminal(t, 'bash', ['-c', script, liveHarness()]);
  await until('ready', () => (existsSync(out) && readFileSync(out, 'utf8') === 'ready\n') || undefined);
  terminal.write('\x03');
  await terminal.see('status 4');
  assert.equal(readFileSync(out, 'utf8'), 'ready\ninterrupted\n');
});

test('the window size is there from the start and follows', async t => {
  const terminal = pumped(t, 'trap "stty size" WINCH; stty size; while :; do sleep 0.05; done');
  await terminal.see('24 80\r\n');
  terminal.pty.resize(99, 31);
  await terminal.see('31 99\r\n');
});

test('the terminal is restored whatever ends it, and the command does not outlive it', async t => {
  for (const [signal, status] of [
    ['', 'status 3'],
    ['TERM', 'status 143'],
    ['HUP', 'status 129'],
  ]) {
    await t.test(signal || 'the end of the command', async t => {
      const mark = join(temporaryDirectory(t), 'mark');
      const inner = `echo ready; read line; exit 3 # ${mark}`;
      const terminal = watched(t, liveHarness(), ['pump', '-', 'sh', '-c', inner]);
      await terminal.see('ready');
      const pump = readFileSync(`/proc/${terminal.pty.pid}/task/${terminal.pty.pid}/children`, 'utf8').trim();
      const command = Number(readFileSync(`/proc/${pump}/task/${pump}/children`, 'utf8').trim());
      if (signal) process.kill(Number(pump), `SIG${signal}`);
      else terminal.write('go\r');
      await terminal.see(status as string);
      await assertRestored(terminal);
      await until('the end of the command', () => (isThere(command, mark) ? undefined : true));
    });
  }
});

test('a background process that keeps the pty does not keep attach', async t => {
  const began = Date.now();
  const terminal = watched(t, liveHarness(), ['pump', '-', 'sh', '-c', 'setsid sleep 6 & echo done']);
  await terminal.see('done\r\n');
  await terminal.see('status 0');
  assert.ok(Date.now() - began < 5000);
});

test('the pty log has what the terminal had', async t => {
  const log = join(temporaryDirectory(t), 'log');
  const terminal = watched(t, liveHarness(), ['pump', log, 'seq', '1', '5000']);
  await terminal.see('status 0');
  const logged = readFileSync(log, 'latin1');
  assert.match(logged, /^1\r\n2\r\n[\s\S]*\r\n5000\r\n$/);
  assert.ok(terminal.text().includes(`\n${logged}status 0`));
  assert.equal(statSync(log).mode & 0o777, 0o600);
});

/** Whether a process with these words in its command line is there. */
function isThere(pid: number, words: string): boolean {
  try {
    return execFileSync('cat', [`/proc/${pid}/cmdline`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).includes(words);
  } catch {
    return false;
  }
}
