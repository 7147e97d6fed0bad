// The library as a program uses it: `import { Container } from 'tslxc'`, beside its own work, with nothing printed.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { Container, type CreateEvent, planText, TslxcError } from '../../src/index.ts';
import { harness } from './harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const options = { settingsFile: h.settingsFile };
const hasCode = (code: string) => (error: unknown) => error instanceof TslxcError && error.code === code;

test('one container from nothing to nothing', async () => {
  const lines: string[] = [];
  const events: CreateEvent[] = [];
  const c = await Container.create(h.name('one'), {
    ...options,
    template: 'busybox',
    onOutput: line => lines.push(line),
    onEvent: event => events.push(event),
  });
  // The base, then what is this container's own; the password is told, once.
  const steps = events.map(event => (event.kind === 'step-ends' ? event.step : event.kind));
  assert.deepEqual(
    ['base', 'digest', 'personalize', 'password'].map(step => steps.filter(one => one === step).length),
    [1, 1, 1, 1],
  );
  assert.equal(events.filter(({ kind }) => kind === 'output').length, lines.length);
  assert.deepEqual([c.state, existsSync(c.directory)], ['STOPPED', true]);
  await assert.rejects(
    Container.create(c.name, { ...options, template: 'busybox' }),
    hasCode('ALREADY_EXISTS'),
  );
  assert.equal((await c.config()).utsName?.value, c.name);
  assert.equal(await c.readKey('lxc.uts.name'), c.name);
  assert.match(planText(await c.plan()), /^plan launch\n/);
  await assert.rejects(c.run(['true']), hasCode('NOT_RUNNING'));

  const { initPid, monitorPid } = await c.start();
  const info = await c.info();
  assert.deepEqual([info.state, info.initPid, info.monitorPid], ['RUNNING', initPid, monitorPid]);
  await assert.rejects(c.start(), hasCode('ALREADY_RUNNING'));
  await assert.rejects(c.destroy(), hasCode('RUNNING'));
  const listed = (await Container.list(options)).find(({ name }) => name === c.name);
  assert.deepEqual([listed?.state, listed?.unprivileged], ['RUNNING', true]);

  const captured = await c.run(['sh', '-c', 'cat; echo err >&2; id -u; pwd; exit 7'], {
    input: 'in ',
    uid: 12,
    cwd: '/etc',
  });
  assert.deepEqual(
    [captured.status, captured.stdout.toString(), captured.stderr.toString()],
    [7, 'in 12\n/etc\n', 'err\n'],
  );
  await assert.rejects(c.run(['nosuch']), hasCode('EXEC_FAILED'));

  const bytes = Buffer.alloc(4 << 20, 'tslxc');
  assert.ok((await c.run(['cat'], { input: bytes })).stdout.equals(bytes));

  const running = await c.attach(['sh', '-c', 'read line; echo "got $line"; exec sleep 100']);
  running.stdin.write('hello\n');
  const [first] = await running.stdout.take(1).toArray();
  assert.equal(String(first), 'got hello\n');
  running.kill();
  assert.equal(await running.exited, 143);

  const reached = c.wait(['STOPPED'], { timeoutMs: 20_000 });
  await c.reboot();
  assert.equal(c.state, 'RUNNING');
  await c.stop();
  assert.equal(await reached, 'STOPPED');
  await assert.rejects(c.stop(), hasCode('NOT_RUNNING'));
  await c.destroy();
  assert.ok(!existsSync(c.directory));
});

test('many start at once; one that cannot keeps no other from it', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map(letter => h.name(letter));
  const containers = await Promise.all(
    names.map(name => Container.create(name, { ...options, template: 'busybox' })),
  );
  const ghost = await Container.get(h.name('ghost'), options);
  const results = await Container.startAll([...containers, ghost]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [...names.map(() => 'fulfilled'), 'rejected'],
    JSON.stringify(results.filter(({ status }) => status === 'rejected')),
  );
  const pids = new Set(
    results.flatMap(result => (result.status === 'fulfilled' ? [result.value.initPid] : [])),
  );
  assert.equal(pids.size, names.length);
  await Promise.all(containers.map(c => c.kill()));
  await Promise.all(containers.map(c => c.destroy()));
});
