import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readEvents } from '../../src/runtime/events.ts';
import { MonitorClient } from '../../src/runtime/monitor-client.ts';
import {
  assertRestored,
  consoleArguments,
  executor,
  finished,
  liveHarness,
  type MonitorOptions,
  monitorArguments,
  startMonitor,
  Terminal,
  temporaryDirectory,
  until,
  watched,
} from './live.ts';

const text = (file: string): string => readFileSync(file, 'latin1');

test('state, and the same after many requests', async t => {
  const monitor = await startMonitor(t, 'sleep 60', { ttys: 3, ringBytes: 4096 });
  const client = await monitor.client();
  t.after(() => client.close());
  const states = await Promise.all(Array.from({ length: 50 }, () => client.state()));
  const state = states[49];
  assert.equal(state?.monitorPid, monitor.pid);
  assert.equal(text(`/proc/${state.pid}/comm`), 'sh\n');
  assert.deepEqual(
    {
      ttys: state.ttys,
      held: state.ttysHeld,
      console: state.hasConsole,
      ring: state.ringSizeBytes,
      log: state.hasLog,
    },
    { ttys: 3, held: 0, console: true, ring: 4096, log: false },
  );
});

test('a guest whose console nobody reads never waits', async t => {
  const monitor = await startMonitor(t, 'head -c 5000000 /dev/zero | tr "\\0" x; exit 4', {
    shortLived: true,
  });
  const began = Date.now();
  assert.equal((await monitor.outcome).status, 4 << 8);
  assert.ok(Date.now() - began < 3000);
});

test('the log: everything, rotated at its limit, or cut at its limit', async t => {
  const write =
    'stty -onlcr; for i in $(seq 100 349); do echo "line $i 0123456789012345678901234567890"; done';
  const all = Array.from({ length: 250 }, (_, i) => `line ${i + 100} 0123456789012345678901234567890\n`).join(
    '',
  );
  const logged = async (t: TestContext, options: MonitorOptions): Promise<string> => {
    const log = join(temporaryDirectory(t), 'log');
    await (await startMonitor(t, write, { log, shortLived: true, ...options })).outcome;
    return log;
  };
  const unlimited = await logged(t, {});
  assert.equal(text(unlimited), all);
  assert.equal(statSync(unlimited).mode & 0o777, 0o600);
  const rotated = await logged(t, { logBytes: 4096, rotate: true });
  const rest = all.length % 4096;
  assert.equal(text(rotated), all.slice(-rest));
  assert.equal(text(`${rotated}.1`), all.slice(-rest - 4096, -rest));
  const cut = await logged(t, { logBytes: 4096 });
  assert.equal(text(cut), all.slice(-rest));
  assert.equal(existsSync(`${cut}.1`), false);
});

test('the log is rotated when asked, and a missing one is said so', async t => {
  const log = join(temporaryDirectory(t), 'log');
  const monitor = await startMonitor(t, 'echo first; while read x; do echo "$x"; done', { log });
  const client = await monitor.client();
  t.after(() => client.close());
  await until('first', () => (existsSync(log) && text(log) === 'first\r\n') || undefined);
  await client.rotateLog();
  assert.equal(text(`${log}.1`), 'first\r\n');
  assert.equal(text(log), '');
  const bare = await (await startMonitor(t, 'sleep 60')).client();
  t.after(() => bare.close());
  await assert.rejects(bare.rotateLog(), { code: 'MONITOR_REFUSED', message: /lxc.console.logfile/ });
  await assert.rejects(bare.readRing(), { code: 'MONITOR_REFUSED', message: /lxc.console.buffer.size/ });
});

test('the ring keeps the last bytes, as many as asked for', async t => {
  const monitor = await startMonitor(t, 'stty -onlcr; seq 1 20000; sleep 60', { ringBytes: 4096 });
  const all = `${Array.from({ length: 20000 }, (_, i) => i + 1).join('\n')}\n`;
  const client = await monitor.client();
  t.after(() => client.close());
  const ring = await until('the end', async () => {
    const bytes = await client.readRing();
    return bytes.toString().endsWith('20000\n') ? bytes : undefined;
  });
  assert.equal(ring.toString(), all.slice(-4096));
  await client.clearRing();
  assert.equal((await client.readRing()).length, 0);
});

test('a large ring comes whole', async t => {
  const monitor = await startMonitor(t, 'stty -onlcr; seq 1 200000; sleep 60', { ringBytes: 4 << 20 });
  const all = `${Array.from({ length: 200000 }, (_, i) => i + 1).join('\n')}\n`;
  const client = await monitor.client();
  t.after(() => client.close());
  await until('all of it', async () =>
    (await client.state()).ringUsedBytes === all.length ? true : undefined,
  );
  assert.equal((await client.readRing()).toString(), all);
});

test('the window size can be set from outside', async t => {
  const monitor = await startMonitor(t, 'while :; do stty size; sleep 0.05; done', { ringBytes: 4096 });
  const client = await monitor.client();
  t.after(() => client.close());
  await client.setWindowSize(0, 43, 132);
  await until('43 132', async () => ((await client.readRing()).includes('43 132') ? true : undefined));
  await assert.rejects(client.setWindowSize(7, 1, 1), { message: 'no such tty' });
});

test('reboot, halt and exit are told apart', async t => {
  const reboot = await startMonitor(t, 'busybox reboot -f', { shortLived: true });
  assert.deepEqual(await reboot.outcome, { reboot: true, status: 1 });
  const halt = await startMonitor(t, 'busybox poweroff -f', { shortLived: true });
  assert.deepEqual(await halt.outcome, { reboot: false, status: 2 });
  const exit = await startMonitor(t, 'exit 9', { shortLived: true });
  assert.deepEqual(await exit.outcome, { reboot: false, status: 9 << 8 });
  assert.equal(existsSync(join(exit.directory, 'control')), false);
});

test('signals to the monitor go to init; a hang-up as SIGTERM', async t => {
  const traps = 'for s in TERM USR1 HUP; do trap "echo saw $s" $s; done';
  for (const [sent, seen] of [
    ['SIGTERM', 'TERM'],
    ['SIGUSR1', 'USR1'],
    ['SIGHUP', 'TERM'],
  ] as const) {
    const monitor = await startMonitor(t, `${traps}; echo ready; while :; do sleep 0.05; done`, {
      ringBytes: 4096,
    });
    const client = await monitor.client();
    t.after(() => client.close());
    const says = (words: string) =>
      until(words, async () => ((await client.readRing()).includes(words) ? true : undefined));
    await says('ready');
    process.kill(monitor.pid, sent);
    await says(`saw ${seen}`);
  }
});

test('init dies with a killed monitor', async t => {
  const monitor = await startMonitor(t, 'sleep 60');
  const client = await monitor.client();
  const { pid } = await client.state();
  process.kill(monitor.pid, 'SIGKILL');
  await assert.rejects(
    (async () => {
      for (;;) await client.state();
    })(),
    { code: 'MONITOR_GONE' },
  );
  await until('the end of init', () => (existsSync(`/proc/${pid}/exe`) ? undefined : true));
});

test('only root and the owner are listened to', async t => {
  const monitor = await startMonitor(t, 'sleep 60');
  const socket = join(monitor.directory, 'control');
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  chmodSync(monitor.directory, 0o755);
  chmodSync(socket, 0o666);
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', executor()];
  const { status, stderr } = await finished(
    spawn('setpriv', [...nobody, ...consoleArguments(monitor.directory, 0)]),
  );
  assert.equal(status, 1);
  assert.match(stderr, /only root and the container's owner may control it/);
});

test('nonsense on the socket ends that connection and nothing else', async t => {
  const monitor = await startMonitor(t, 'sleep 60');
  for (const bytes of [
    Buffer.alloc(16, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(100_000, 1),
  ]) {
    await new Promise<void>(resolve => {
      const socket = connect(join(monitor.directory, 'control'), () => socket.write(bytes));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });
  }
  const client = await monitor.client();
  t.after(() => client.close());
  assert.equal((await client.state()).monitorPid, monitor.pid);
});

test('one client too many is told so, and a place becomes free again', async t => {
  const monitor = await startMonitor(t, 'sleep 60');
  const clients: MonitorClient[] = [];
  for (let i = 0; i < 32; i++) {
    const client = await monitor.client();
    await client.state();
    clients.push(client);
  }
  const { stderr } = await finished(spawn(executor(), consoleArguments(monitor.directory, 0)));
  assert.match(stderr, /too many clients/);
  clients.shift()?.close();
  await until('a free place', async () => {
    const client = await monitor.client();
    clients.push(client);
    return client.state().then(
      () => true,
      () => undefined,
    );
  });
  for (const client of clients) client.close();
});

test('nothing runs there', async t => {
  await assert.rejects(MonitorClient.connect(temporaryDirectory(t)), { code: 'NOT_RUNNING' });
  await assert.rejects(MonitorClient.connect('/nonexistent'), { code: 'NOT_RUNNING' });
});

test('foreground: the terminal is the console, raw, without an escape, and restored', async t => {
  const directory = temporaryDirectory(t);
  const init = 'stty size; while read line; do echo "got:$line"; [ "$line" = leave ] && exit 5; done';
  const terminal = watched(t, liveHarness(), monitorArguments(directory, init, {}, true));
  await terminal.see('24 80\r\n');
  terminal.write('\x01q\r');
  await terminal.see('got:\x01q\r\n');
  terminal.write('leave\r');
  await terminal.see('got:leave\r\n');
  await terminal.see('outcome 0 1280');
  await assertRestored(terminal);
});

test('foreground without a terminal: nothing of the console reaches stdout', async t => {
  const directory = temporaryDirectory(t);
  const child = spawn(liveHarness(), monitorArguments(directory, 'echo console; exit 0', {}, true));
  child.stdin.end('input\n');
  assert.equal((await finished(child)).stdout.toString(), 'outcome 0 0\n');
});

test('memory of a monitor at rest', async t => {
  const monitors = await Promise.all(
    Array.from({ length: 20 }, () => startMonitor(t, 'sleep 60', { ttys: 4 })),
  );
  const sizes = monitors.map(({ pid }) =>
    Number(/^Pss: +(\d+)/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1]),
  );
  t.diagnostic(`PSS of 20 monitors, KiB: ${Math.min(...sizes)} to ${Math.max(...sizes)}`);
  assert.ok(Math.max(...sizes) <= 300);
});

test('events are numbered on, also after a line that was cut short', async t => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'events');
  const append = (state: number, extra = '') =>
    finished(spawn(liveHarness(), ['event', directory, String(state), extra]));
  await append(1);
  await append(2, 'pid=7');
  writeFileSync(file, '3 17', { flag: 'a' });
  await append(0, 'status=256');
  const events = readEvents(file);
  assert.deepEqual(
    events.map(({ sequence, state, extra }) => ({ sequence, state, extra })),
    [
      { sequence: 1, state: 'STARTING', extra: {} },
      { sequence: 2, state: 'RUNNING', extra: { pid: '7' } },
      { sequence: 3, state: 'STOPPED', extra: { status: '256' } },
    ],
  );
  const uptimeNs = Number(text('/proc/uptime').split(' ')[0]) * 1e9;
  for (const { atNs } of events) assert.ok(Math.abs(Number(atNs) - uptimeNs) < 60e9);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('the console lives on after a vhangup, as login and systemd do it', async t => {
  const perl = `$SIG{HUP} = "IGNORE"; my $tty = readlink("/proc/self/fd/0"); <STDIN>; syscall(153);
    for my $n (1..3) { open(my $f, "+<", $tty) or die; syswrite($f, "open $n\\n"); my $line; sysread($f, $line, 100);
      syswrite($f, "got:$line"); syscall(153); } sleep 60`;
  const monitor = await startMonitor(t, 'trap "" HUP; perl -e "$PERL"', { env: { PERL: perl } });
  const terminal = new Terminal(t, executor(), consoleArguments(monitor.directory, 0));
  await terminal.see('itself');
  terminal.write('go\r');
  for (const n of [1, 2, 3]) {
    await terminal.see(`open ${n}`);
    terminal.write(`line ${n}\r`);
    await terminal.see(`got:line ${n}\r\n`);
  }
});
