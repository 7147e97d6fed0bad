import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, Pace } from '../../../src/cli/output/pace.ts';

const bytes = (done: number, total?: number) => ({
  what: 'Downloading x',
  unit: 'bytes',
  done,
  ...(total === undefined ? {} : { total }),
});

test('what, how far, how fast, how long still', () => {
  const pace = new Pace();
  assert.equal(pace.text(), undefined);
  pace.update(bytes(0, 36e6), 0);
  assert.equal(pace.text(), 'Downloading x: 0 %, 0.0 of 36.0 MB');
  pace.update(bytes(9e6, 36e6), 3_000);
  assert.equal(pace.text(), 'Downloading x: 25 %, 9.0 of 36.0 MB, 3.0 MB/s, 9 s left');
  assert.equal(pace.percent(), 25);
  pace.update(bytes(36e6, 36e6), 9_000);
  assert.match(pace.text() ?? '', /^Downloading x: 100 %, 36\.0 of 36\.0 MB, \d\.\d MB\/s$/);
});

test('the speed is that of the last seconds, and a stall tells none', () => {
  const pace = new Pace();
  pace.update(bytes(0, 100e6), 0);
  pace.update(bytes(50e6, 100e6), 1_000);
  for (let at = 2_000; at <= 20_000; at += 1_000) pace.update(bytes(50e6, 100e6), at);
  assert.equal(pace.text(), 'Downloading x: 50 %, 50.0 of 100.0 MB');
});

test('without an end: how much and how fast', () => {
  const pace = new Pace();
  pace.update(bytes(1_500), 0);
  pace.update(bytes(3e9), 2_000);
  assert.equal(pace.text(), 'Downloading x: 3.0 GB, 1.5 GB/s');
  assert.equal(pace.percent(), undefined);
});

test('packages are counted under one name after the other; another count begins anew', () => {
  const pace = new Pace();
  const packages = (what: string, done: number, total: number) => ({ what, unit: 'packages', done, total });
  pace.update(packages('Installing a', 1, 10), 0);
  pace.update(packages('Installing b', 3, 10), 2_000);
  assert.equal(pace.text(), 'Installing b: 30 %, 3 of 10 packages, 7 s left');
  pace.update(packages('Verifying a', 1, 20), 3_000);
  assert.equal(pace.text(), 'Verifying a: 5 %, 1 of 20 packages');
});

test('times in words', () => {
  assert.deepEqual([0.2, 89, 90, 3_000, 3_900, 9_000].map(duration), [
    '1 s',
    '89 s',
    '2 min',
    '50 min',
    '65 min',
    '2 h 30 min',
  ]);
});
