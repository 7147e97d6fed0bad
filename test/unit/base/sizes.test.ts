import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSize, parseSize, roundToRingSize } from '../../../src/base/sizes.ts';

test('sizes are read as LXC reads them', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['5', 5],
    ['5KB', 5120],
    ['5 kb', 5120],
    ['2mb', 2097152],
    ['1GB', 1073741824],
    ['5K', 5],
    ['5KBx', undefined],
    ['x', undefined],
    ['', undefined],
    ['-1', undefined],
    ['99999999999999999999', undefined],
    ['5TB', undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

test('ring sizes are powers of two of at least a page', () => {
  for (const [bytes, size] of [
    [0, 4096],
    [1, 4096],
    [4096, 4096],
    [4097, 8192],
    [5242880, 8388608],
  ] as const)
    assert.equal(roundToRingSize(bytes), size);
});

test('sizes are shown as lxc-info shows them', () => {
  for (const [bytes, shown] of [
    [0, '0 bytes'],
    [1024, '1024 bytes'],
    [1025, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [1048576, '1024.00 KiB'],
    [1572864, '1.50 MiB'],
    [5368709120, '5.00 GiB'],
  ] as const)
    assert.equal(formatSize(bytes), shown);
  assert.equal(formatSize(2n ** 60n), '1073741824.00 GiB');
});
