import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  assertRestored,
  consoleArguments,
  executor,
  finished,
  startMonitor,
  Terminal,
  temporaryDirectory,
  until,
  watched,
} from './live.ts';

const HUNDRED_MB = 100;
const ECHO = 'while read line; do echo "got:$line"; done';

function consoleOf(t: TestContext, directory: string, tty = 0, prefix = 1): Terminal {
  return new Terminal(t, executor(), consoleArguments(directory, tty, prefix));
}

const watchedConsole = (t: TestContext, directory: string): Terminal =>
  watched(t, executor(), consoleArguments(directory, 0));

/** A file of `megabytes` random megabytes, written as one repeated many times, and its digest. */
function content(t: TestContext, megabytes: number): { file: string; digest: string } {
  const file = join(temporaryDirectory(t), 'megabyte');
  const megabyte = randomBytes(1 << 20);
  writeFileSync(file, megabyte);
  const hash = createHash('sha256');
  for (let i = 0; i < megabytes; i++) hash.update(megabyte);
  return { file, digest: hash.digest('hex') };
}

const sendContent = `read go; stty raw -echo; printf '<'; for i in $(seq ${HUNDRED_MB}); do cat "$FILE"; done; printf '>'; sleep 60`;

test('the banner, the echo, and the escapes of lxc-console', async t => {
  const monitor = await startMonitor(t, ECHO);
  const terminal = consoleOf(t, monitor.directory);
  await terminal.see(
    '\r\nConnected to tty 0\r\nType <Ctrl+a q> to exit the console, <Ctrl+a Ctrl+a> to enter Ctrl+a itself\r\n',
  );
  terminal.write('one\r');
  await terminal.see('got:one\r\n');
  terminal.write('a\x01\x01b\r');
  await terminal.see('got:a\x01b\r\n');
  terminal.write('a\x01xb\r');
  await terminal.see('got:axb\r\n');
  terminal.write('\x01q');
  assert.deepEqual(await terminal.exit(), { status: 0, signal: 0 });
});

test('another escape', async t => {
  const monitor = await startMonitor(t, ECHO);
  const terminal = consoleOf(t, monitor.directory, 0, 2);
  await terminal.see('Type <Ctrl+b q> to exit');
  terminal.write('\x01q\r');
  await terminal.see('got:\x01q\r\n');
  terminal.write('\x02q');
  assert.equal((await terminal.exit()).status, 0);
});

test('the window size is the terminal’s, at once and after a change', async t => {
  const monitor = await startMonitor(t, 'trap "stty size" WINCH; while :; do read x && stty size; done');
  const terminal = consoleOf(t, monitor.directory);
  await terminal.see('itself');
  terminal.write('\r');
  await terminal.see('24 80');
  terminal.pty.resize(101, 33);
  await until('33 101', () => {
    terminal.write('\r');
    return terminal.text().includes('33 101') || undefined;
  });
});

test('the terminal is restored whatever ends the client', async t => {
  const endings: [string, (terminal: Terminal, client: number, monitor: number) => void, RegExp][] = [
    ['detach', terminal => terminal.write('\x01q'), /status 0/],
    ['SIGTERM', (_, client) => process.kill(client, 'SIGTERM'), /status 143/],
    ['SIGHUP', (_, client) => process.kill(client, 'SIGHUP'), /status 129/],
    ['SIGINT', (_, client) => process.kill(client, 'SIGINT'), /status 130/],
    ['the end of the guest', terminal => terminal.write('leave\r'), /status 0/],
    [
      'the end of the monitor',
      (_, __, monitor) => process.kill(monitor, 'SIGKILL'),
      /monitor is gone\r\nstatus 1/,
    ],
  ];
  for (const [name, end, status] of endings) {
    await t.test(name, async t => {
      const monitor = await startMonitor(t, 'while read line; do [ "$line" = leave ] && exit 0; done');
      const terminal = watchedConsole(t, monitor.directory);
      await terminal.see('itself');
      const client = await clientOf(terminal.pty.pid);
      await until('raw mode', () => isRaw(client) || undefined);
      end(terminal, client, monitor.pid);
      await terminal.see(status);
      await assertRestored(terminal);
    });
  }
});

test('a stopped client leaves the terminal to the shell and takes it again', async t => {
  const monitor = await startMonitor(t, ECHO);
  const terminal = new Terminal(t, 'bash', ['--norc', '-i'], { PS1: 'prompt> ' });
  await terminal.see('prompt> ');
  terminal.write(`${executor()} ${consoleArguments(monitor.directory, 0).join(' ')}\r`);
  await terminal.see('itself');
  const client = await clientOf(terminal.pty.pid);
  await until('raw mode', () => isRaw(client) || undefined);
  process.kill(client, 'SIGTSTP');
  await terminal.see('prompt> ');
  terminal.write('echo $((40+2))\r');
  await terminal.see('42\r\n');
  terminal.write('fg\r');
  await until('raw mode again', () => isRaw(client) || undefined);
  terminal.write('back\r');
  await terminal.see('got:back');
  terminal.write('\x01q');
  await terminal.see('prompt> ');
});

test('a pipe as stdin works to its end, a file or /dev/null is refused', async t => {
  const monitor = await startMonitor(t, ECHO, { ringBytes: 4096 });
  const piped = spawn(executor(), consoleArguments(monitor.directory, 0));
  piped.stdin.end('by pipe\n');
  assert.equal((await finished(piped)).status, 0);
  const client = await monitor.client();
  t.after(() => client.close());
  await until('the line at the guest', async () =>
    (await client.readRing()).includes('got:by pipe') ? true : undefined,
  );
  const refused = await finished(
    spawn(executor(), consoleArguments(monitor.directory, 0), { stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /standard input/);
});

test('nothing runs there', async t => {
  const directory = temporaryDirectory(t);
  const { status, stderr } = await finished(spawn(executor(), consoleArguments(directory, 0)));
  assert.equal(status, 1);
  assert.equal(stderr, 'tslxc-console: the container is not running\n');
});

test('100 MB from a raw console arrive byte for byte, also at a slow reader', {
  timeout: 120_000,
}, async t => {
  const { file, digest } = content(t, HUNDRED_MB);
  for (const slow of [false, true]) {
    await t.test(slow ? 'slow' : 'fast', async t => {
      const monitor = await startMonitor(t, sendContent, { env: { FILE: file } });
      const client = spawn(executor(), consoleArguments(monitor.directory, 0));
      t.after(() => client.kill('SIGKILL'));
      client.stdin.write('go\n');
      const hash = createHash('sha256');
      let taken = -1;
      await new Promise<void>((resolve, reject) => {
        let pauses = 0;
        client.once('close', () => reject(new Error(`it ended after ${taken} bytes`)));
        client.stdout.on('data', (chunk: Buffer) => {
          const begin = taken < 0 ? chunk.indexOf('<') : -1;
          if (taken < 0 && begin < 0) return;
          const piece = taken < 0 ? chunk.subarray(begin + 1) : chunk;
          const wanted = HUNDRED_MB * (1 << 20) - Math.max(taken, 0);
          hash.update(piece.subarray(0, wanted));
          taken = Math.max(taken, 0) + piece.length;
          if (piece.length > wanted) return resolve();
          // Ten pauses, each long enough to fill every buffer on the way.
          if (slow && taken > (pauses + 1) * 10_000_000) {
            pauses++;
            client.stdout.pause();
            setTimeout(() => client.stdout.resume(), 300);
          }
        });
      });
      assert.equal(hash.digest('hex'), digest);
    });
  }
});

test('100 kB typed into a raw console arrive byte for byte at a slow guest', async t => {
  const file = join(temporaryDirectory(t), 'taken');
  const script = `stty raw -echo; echo ready; for i in 1 2 3 4 5; do sleep 0.1; head -c 20480 >>"$TAKEN"; done; echo done; sleep 60`;
  const monitor = await startMonitor(t, script, { env: { TAKEN: file } });
  const typed = Buffer.from(randomBytes(102_400).map(byte => (byte === 1 ? 2 : byte)));
  await new Promise(resolve => setTimeout(resolve, 200));
  const client = spawn(executor(), consoleArguments(monitor.directory, 0));
  t.after(() => client.kill('SIGKILL'));
  let said = '';
  client.stdout.on('data', chunk => {
    said += chunk;
  });
  client.stdin.write(typed);
  await until('done', () => said.includes('done') || undefined);
  assert.ok(readFileSync(file).equals(typed));
});

test('ttys: the first free, a certain one, busy, absent, and free again', async t => {
  const monitor = await startMonitor(t, 'set -- $TTYS; while read x <"$2"; do echo "two:$x" >"$2"; done', {
    ttys: 2,
  });
  const one = consoleOf(t, monitor.directory, -1);
  await one.see('Connected to tty 1\r\n');
  const two = consoleOf(t, monitor.directory, -1);
  await two.see('Connected to tty 2\r\n');
  two.write('hello\r');
  await two.see('two:hello\r\n');
  for (const [tty, why] of [
    [-1, 'all ttys are in use'],
    [1, 'this tty is in use'],
    [9, 'no such tty'],
  ] as const) {
    const { status, stderr } = await finished(spawn(executor(), consoleArguments(monitor.directory, tty)));
    assert.equal(status, 1);
    assert.equal(stderr, `tslxc-console: ${why}\n`);
  }
  process.kill(one.pty.pid, 'SIGKILL');
  const client = await monitor.client();
  t.after(() => client.close());
  await until('its release', async () => ((await client.state()).ttysHeld === 1 ? true : undefined));
  const again = consoleOf(t, monitor.directory, 1);
  await again.see('Connected to tty 1\r\n');
  again.write('\x01q');
  assert.equal((await again.exit()).status, 0);
});

test('no ttys and no console are said so', async t => {
  const monitor = await startMonitor(t, 'sleep 60');
  const { stderr } = await finished(spawn(executor(), consoleArguments(monitor.directory, -1)));
  assert.equal(stderr, 'tslxc-console: the container has no ttys\n');
});

test('a client that reads nothing is dropped and told; others and the guest go on', {
  timeout: 60_000,
}, async t => {
  const script =
    'read go; stty raw; head -c 20000000 /dev/zero | tr "\\0" x; stty sane; echo; echo written; sleep 60';
  const monitor = await startMonitor(t, script);
  const stuck = spawn(executor(), consoleArguments(monitor.directory, 0));
  const stuckEnd = new Promise<string>(resolve => {
    let said = '';
    stuck.stderr.on('data', chunk => {
      said += chunk;
      if (said.includes('dropped')) resolve(said);
    });
  });
  const reader = spawn(executor(), consoleArguments(monitor.directory, 0));
  t.after(() => reader.kill('SIGKILL'));
  let count = 0;
  let tail = '';
  reader.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 120) count++;
    tail = (tail + chunk.toString('latin1')).slice(-100);
  });
  const client = await monitor.client();
  await until('two clients', async () => ((await client.state()).consoleClients === 2 ? true : undefined));
  const began = Date.now();
  reader.stdin.write('go\n');
  await until('written', () => tail.includes('written') || undefined);
  assert.ok(Date.now() - began < 6000, `the guest waited ${Date.now() - began} ms`);
  assert.equal(count, 20_000_000);
  assert.equal((await client.state()).consoleClients, 1);
  client.close();
  stuck.stdout.resume();
  assert.match(await stuckEnd, /dropped: it took no output for 2 s/);
  assert.equal(stuck.exitCode ?? (await new Promise(resolve => stuck.once('close', resolve))), 1);
});

test('the last words of a guest reach its client', async t => {
  for (let i = 0; i < 5; i++) {
    const monitor = await startMonitor(t, 'read go; seq 1 2000; exit 3');
    const client = spawn(executor(), consoleArguments(monitor.directory, 0));
    client.stdin.write('go\n');
    const { status, stdout } = await finished(client);
    assert.equal(status, 0);
    assert.match(stdout.toString(), /1\r\n2\r\n3\r\n[\s\S]*\r\n1999\r\n2000\r\n$/);
    assert.equal((await monitor.outcome).status, 3 << 8);
  }
});

test('a run directory with a name longer than a socket’s address', async t => {
  const monitor = await startMonitor(t, ECHO);
  const deep = join(temporaryDirectory(t), 'd'.repeat(100), 'e'.repeat(100));
  mkdirSync(deep, { recursive: true });
  renameSync(join(monitor.directory, 'control'), join(deep, 'control'));
  const terminal = consoleOf(t, deep);
  await terminal.see('Connected to tty 0');
});

/** The console client among a shell's children. */
async function clientOf(shell: number): Promise<number> {
  return until('the client', () => {
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    return children.length > 0 ? Number(children[0]) : undefined;
  });
}

/** Whether the terminal of a process has canonical input off. */
function isRaw(pid: number): boolean {
  try {
    return execFileSync('stty', ['-F', `/proc/${pid}/fd/0`, '-a'], { encoding: 'utf8' }).includes('-icanon');
  } catch {
    return false;
  }
}
