import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText } from '../../../src/cli/output/fetch-display.ts';

test('how far a download is: what, how much, how fast, how long yet', () => {
  const url = 'https://images.test/a/rootfs.tar.xz';
  assert.equal(
    progressText({ url, bytes: 12_000_000, totalBytes: 36_200_000, bytesPerSecond: 5_100_000 }),
    'rootfs.tar.xz: 12.0 of 36.2 MB, 33 %, 5.1 MB/s, 5 s left',
  );
  assert.equal(progressText({ url, bytes: 1_500_000, bytesPerSecond: 0 }), 'rootfs.tar.xz: 1.5 MB, 0.0 MB/s');
});
