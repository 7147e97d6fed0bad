import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { TslxcError } from '../../../src/base/errors.ts';
import type { Invocation } from '../../../src/cli/command.ts';
import { changingLine } from '../../../src/cli/output/create-terminal.ts';
import type { CreateEvent } from '../../../src/images/events.ts';

/** A display on a terminal of 60 columns, driven by hand; what it wrote. */
function display() {
  let written = '';
  let tick = () => {};
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const shown = changingLine(
    { program: 'p', stderr, columns: 60 } as unknown as Invocation,
    () => {},
    draw => {
      tick = draw;
      return () => {};
    },
  );
  const tell = (event: CreateEvent) => shown.event('web', event);
  const take = () => {
    const text = written;
    written = '';
    return text;
  };
  return { shown, tell, take, tick: () => tick() };
}

const line = (text: string): CreateEvent => ({ kind: 'output', stream: 'stdout', text });

test('it is drawn by the clock, within the width, without escape sequences; what stays is above it', () => {
  const { shown, tell, take, tick } = display();
  tell(line('first'));
  tell(line(`\u001b[2Jsecond\tline ${'x'.repeat(80)}`));
  assert.equal(take(), '');
  tick();
  const drawn = take();
  assert.equal(drawn, `\r\u001b[Kweb: second line ${'x'.repeat(80)}`.slice(0, '\r\u001b[K'.length + 59));
  tell({ kind: 'notice', text: 'mind this' });
  assert.equal(take(), '\r\u001b[Kp: web: mind this\n');
  tick();
  assert.match(take(), /second line/);
  shown.end();
  assert.equal(take(), '\r\u001b[K');
});

test('nothing is drawn over an answer that is being typed', () => {
  const { shown, tell, take, tick } = display();
  tell(line('looking'));
  tick();
  take();
  tell({ kind: 'question', text: '  ABCD 1234' });
  tell({ kind: 'question', text: 'Type yes:' });
  assert.equal(take(), '\r\u001b[K  ABCD 1234\nType yes:\n');
  tick();
  assert.equal(take(), '');
  tell(line('going on'));
  tick();
  assert.match(take(), /web: going on$/);
  shown.end();
});

test('a count gives way to what comes after it', () => {
  const { shown, tell, take, tick } = display();
  const draw = () => {
    tick();
    return take().replace('\r\u001b[K', '');
  };
  tell({ kind: 'progress', what: 'Downloading', unit: 'bytes', done: 1e6, total: 4e6 });
  assert.equal(draw(), 'web: [#####---------------] Downloading: 25 %, 1.0 of 4.0 M');
  tell(line('Unpacking'));
  assert.equal(draw(), 'web: Unpacking');
  tell(line('(1/2) Installing a'));
  tell({ kind: 'progress', what: 'Installing a', unit: 'packages', done: 1, total: 2, said: true });
  assert.match(draw(), /Installing a: 50 %/);
  tell(line('post-install of a'));
  assert.equal(draw(), '');
  tell(line('(2/2) Installing b'));
  tell({ kind: 'progress', what: 'Installing b', unit: 'packages', done: 2, total: 2, said: true });
  tell(line('Configuring'));
  assert.equal(draw(), 'web: Configuring');
  shown.end();
});

test('after a failure the last lines are shown, but for the one that is the cause, and none after Ctrl-C', () => {
  const { shown, tell, take } = display();
  for (let at = 1; at <= 20; at++) tell(line(`line ${at}`));
  tell(line('tslxc-x: the disk is on fire'));
  shown.failed(new TslxcError('INTERRUPTED', 'interrupted'), 'web');
  assert.equal(take(), '');
  for (let at = 1; at <= 20; at++) tell(line(`line ${at}`));
  tell(line('tslxc-x: the disk is on fire'));
  shown.failed(new TslxcError('TEMPLATE_FAILED', 'the disk is on fire'), 'web');
  assert.match(take(), /^ {2}line 10\n(.*\n)* {2}line 20\n$/);
  shown.end();
});
