import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDurationNs, parseDurationNs } from '../../../src/base/durations.ts';

test('times need a unit and stay within 64 bits', () => {
  for (const [text, ns] of [
    ['1h', 3_600_000_000_000n],
    ['-2 m', -120_000_000_000n],
    ['5ms', 5_000_000n],
    ['7 us', 7000n],
    ['9ns', 9n],
  ] as const)
    assert.equal(parseDurationNs(text), ns, text);
  for (const text of ['', '5', '5 d', '5s x', 's', '9999999999999999999h'])
    assert.equal(parseDurationNs(text), undefined, text);
});

test('times are shown in seconds where they are whole', () => {
  assert.deepEqual([0n, 7_200_000_000_000n, 1_500_000_000n, -1_000_000_000n].map(formatDurationNs), [
    '0ns',
    '7200s',
    '1500000000ns',
    '-1s',
  ]);
});
