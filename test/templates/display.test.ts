// What a create shows while it works: on a terminal, in a pipe, to programs.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { Terminal, until } from '../system/live.ts';
import { entriesOf, takenRanges, writeTemplate } from './places.ts';

/** Downloads a half, then waits until the test lets it go on; then installs. */
function slow(h: Harness): string {
  return writeTemplate(
    h,
    'slow',
    `echo "$TSLXC_EVENTS" >"$ROOTFS/events"
echo "tslxc-progress 18000000 36000000 bytes Downloading rootfs.tar.xz"
: >${h.directory}/half
while [ ! -e ${h.directory}/go ]; do sleep 0.05; done
echo "(2/5) Installing musl (1.2.2)"
echo "all done"`,
  );
}

const program = () => join(installation().root, 'dist/bin/tslxc-create');

test('on a terminal: how far it is; Ctrl-C takes everything away and says so', async t => {
  const h = harness(t);
  // A foreign template may write to a terminal that is its stdin; this one has none.
  const words = ['-c', 'exec "$@" </dev/null', 'sh', program(), '-n', h.name('x'), '-t', slow(h)];
  const terminal = new Terminal(t, 'sh', words, { ...h.env, TERM: 'xterm' });
  await terminal.see(`${h.name('x')}: [##########----------] Downloading rootfs.tar.xz: 50 %, 18.0`);
  terminal.write('\u0003');
  await terminal.see(
    `\r\u001b[Ktslxc-create: ${h.name('x')}: interrupted by SIGINT; what was made is removed\r\n`,
  );
  assert.deepEqual(await terminal.exit(), { status: 130, signal: 0 });
  assert.deepEqual([entriesOf(h), takenRanges(h)], [[], []]);
});

test('for programs: one event a line, the progress as numbers', async t => {
  const h = harness(t);
  const name = h.name('x');
  const running = h.run('create', ['-n', name, '-t', slow(h), '--format', 'json']);
  await until('half of it', () => (existsSync(join(h.directory, 'half')) ? true : undefined));
  await h.run('create', ['-n', h.name('go'), '-t', writeTemplate(h, 'let', `: >${h.directory}/go`)]);
  const events = (await running).stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const { durationMs } = events.find(({ event }) => event === 'step-ends');
  assert.ok(durationMs > 0);
  const text = '(2/5) Installing musl (1.2.2)';
  assert.deepEqual(events, [
    { event: 'step-begins', name, step: 'template', text: 'running the template' },
    {
      event: 'progress',
      name,
      what: 'Downloading rootfs.tar.xz',
      unit: 'bytes',
      done: 18000000,
      total: 36000000,
    },
    { event: 'output', name, stream: 'stdout', text },
    { event: 'progress', name, what: 'Installing musl (1.2.2)', unit: 'packages', done: 2, total: 5 },
    { event: 'output', name, stream: 'stdout', text: 'all done' },
    { event: 'step-ends', name, step: 'template', durationMs },
    { event: 'created', name, lxcpath: h.lxcpath, path: join(h.lxcpath, name) },
  ]);
});

test('in a pipe: the lines of the template, and none of tslxc’s own', async t => {
  const h = harness(t);
  const go = writeTemplate(
    h,
    'go',
    'echo "tslxc-progress 1 2 bytes x"; echo "(1/2) Installing x"; echo end >&2',
  );
  const { stdout, stderr } = await h.ok('create', ['-n', h.name('x'), '-t', go]);
  assert.deepEqual([stdout, stderr], ['(1/2) Installing x\n', 'end\n']);
});
