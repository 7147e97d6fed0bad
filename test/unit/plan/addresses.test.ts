import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBits, broadcastOf, inNetwork } from '../../../src/plan/addresses.ts';

test('addresses of both families become bits, and nothing else does', () => {
  assert.deepEqual(addressBits('10.0.3.1'), { bits: 0x0a000301n, width: 32 });
  assert.deepEqual(addressBits('::1'), { bits: 1n, width: 128 });
  assert.deepEqual(addressBits('fd00::a:0:1')?.bits, (0xfd00n << 112n) | 0xa00000001n);
  assert.deepEqual(addressBits('::ffff:1.2.3.4')?.bits, 0xffff01020304n);
  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    'g::',
    '::1.2.3',
  ]) {
    assert.equal(addressBits(bad), undefined, bad);
  }
});

test('a gateway is in reach when the prefix says so', () => {
  assert.ok(inNetwork('10.0.3.1', '10.0.3.77', 24));
  assert.ok(!inNetwork('10.0.4.1', '10.0.3.77', 24));
  assert.ok(inNetwork('203.0.113.9', '10.0.0.1', 0));
  assert.ok(inNetwork('fd00::1', 'fd00::ffff', 64));
  assert.ok(!inNetwork('fe80::1', 'fd00::1', 64));
  assert.ok(!inNetwork('10.0.0.1', 'fd00::1', 0));
});

test('the broadcast address has all host bits set, where there are any to set', () => {
  assert.equal(broadcastOf('10.0.3.7', 24), '10.0.3.255');
  assert.equal(broadcastOf('172.16.5.1', 20), '172.16.15.255');
  assert.equal(broadcastOf('10.0.0.1', 30), '10.0.0.3');
  assert.equal(broadcastOf('10.0.0.1', 31), undefined);
  assert.equal(broadcastOf('fd00::1', 64), undefined);
});
