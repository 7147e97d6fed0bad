import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withHostId } from '../../../src/base/ids.ts';

const whole = { nsId: 0, hostId: 100_000, count: 65_536 };

test('an id outside the ranges gets the first free one, as LXC 5.0.2 gives it', () => {
  assert.deepEqual(withHostId([whole], 0), {
    ranges: [whole, { nsId: 65_536, hostId: 0, count: 1 }],
    nsId: 65_536,
  });
  const parts = [
    { nsId: 10, hostId: 5, count: 10 },
    { nsId: 0, hostId: 200, count: 10 },
  ];
  assert.equal(withHostId(parts, 0).nsId, 20);
  assert.equal(withHostId([{ nsId: 1, hostId: 200, count: 10 }], 0).nsId, 0);
});

test('an id that is mapped already keeps its place', () => {
  assert.deepEqual(withHostId([whole], 100_007), { ranges: [whole], nsId: 7 });
});
