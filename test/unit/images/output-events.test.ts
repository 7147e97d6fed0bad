import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsOfLine } from '../../../src/images/output-events.ts';

test('lines of tslxc’s own are events and no output', () => {
  assert.deepEqual(eventsOfLine('stdout', 'tslxc-progress 12 40 bytes Downloading a b.tar'), [
    { kind: 'progress', what: 'Downloading a b.tar', unit: 'bytes', done: 12, total: 40 },
  ]);
  assert.deepEqual(eventsOfLine('stdout', 'tslxc-progress 12 0 files Unpacking'), [
    { kind: 'progress', what: 'Unpacking', unit: 'files', done: 12 },
  ]);
  assert.deepEqual(eventsOfLine('stdout', 'tslxc-question Type yes:'), [
    { kind: 'question', text: 'Type yes:' },
  ]);
});

test('what is no such line stays output', () => {
  for (const text of ['tslxc-progress', 'tslxc-progress a b c d', 'tslxc-progress 1 2 bytes', 'hello', '']) {
    assert.deepEqual(eventsOfLine('stdout', text), [{ kind: 'output', stream: 'stdout', text }]);
  }
  const onStderr = eventsOfLine('stderr', 'tslxc-progress 1 2 bytes X');
  assert.deepEqual(
    onStderr.map(({ kind }) => kind),
    ['output'],
  );
});

// As dnf 4.14, dnf5 5.2, apk 2.14, zypper 1.14 and yum 3.4 print them into a pipe.
for (const [line, what, done, total] of [
  [
    '(12/153): bash-4.2.46-34.el7.x86_64.rpm         12 MB/s | 1.0 MB     00:00    ',
    'bash-4.2.46-34.el7.x86_64.rpm',
    12,
    153,
  ],
  [
    '  Installing       : setup-2.8.71-11.el7.noarch                          3/153 ',
    'Installing setup-2.8.71-11.el7.noarch',
    3,
    153,
  ],
  [
    '[ 12/153] Installing bash-0:5.2.32-1.fc41.x86_64 100% |  10.0 MiB/s |   8.2 MiB |  00m01s',
    'Installing bash-0:5.2.32-1.fc41.x86_64 100%',
    12,
    153,
  ],
  ['( 3/25) Installing musl (1.2.2-r1)', 'Installing musl (1.2.2-r1)', 3, 25],
  [
    '( 7/89) Installing: libz1-1.2.13-1.1.x86_64 [...done]',
    'Installing: libz1-1.2.13-1.1.x86_64 [...done]',
    7,
    89,
  ],
] as const) {
  test(`counted: ${line.trim().slice(0, 40)}`, () => {
    const [output, progress] = eventsOfLine('stdout', line);
    assert.deepEqual(output, { kind: 'output', stream: 'stdout', text: line });
    assert.deepEqual(progress, { kind: 'progress', what, unit: 'packages', done, total, said: true });
  });
}

test('what only looks like a counter is none', () => {
  for (const text of [
    'see ls(1/2) x',
    '(9/3) Installing x',
    '[1/2]',
    '  Installing : x  12/',
    '1/2 a',
    '(a/b) c',
  ]) {
    assert.equal(eventsOfLine('stdout', text).length, 1, text);
  }
});
