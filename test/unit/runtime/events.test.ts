import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEvents } from '../../../src/runtime/events.ts';

test('whole lines that say a state count; a line still being written does not', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-events-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'events');
  assert.deepEqual(readEvents(file), []);
  writeFileSync(
    file,
    '1 10 STARTING\nrubbish\n2 20 RUNNING\n3 30 NOSUCH\n4 40 STOPPED status=256\n5 50 STAR',
  );
  assert.deepEqual(
    readEvents(file).map(({ sequence, atNs, state, extra }) => [sequence, atNs, state, extra]),
    [
      [1, 10n, 'STARTING', {}],
      [2, 20n, 'RUNNING', {}],
      [4, 40n, 'STOPPED', { status: '256' }],
    ],
  );
});
