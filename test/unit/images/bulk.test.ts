import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMany, patternNames, refuseTaken, spans } from '../../../src/images/bulk.ts';

test('names are numbered, with leading zeros where a width is asked for', () => {
  assert.deepEqual(patternNames({ pattern: 'web-%d', count: 3, first: 1 }), ['web-1', 'web-2', 'web-3']);
  assert.deepEqual(patternNames({ pattern: '%03d.x', count: 2, first: 99 }), ['099.x', '100.x']);
  assert.deepEqual(patternNames({ pattern: 'a%d', count: 1, first: 0 }), ['a0']);
});

for (const [pattern, message] of [
  ['web', /has not exactly one %d/],
  ['web-%d-%d', /has not exactly one %d/],
  ['web-%s-%d', /has not exactly one %d/],
  ['100%-%d', /has not exactly one %d/],
  ['%3d', /has not exactly one %d/],
  ['../%d', /it has a slash/],
  ['-%d', /begins with a dash/],
  ['a\n%d', /control character/],
  [`${'x'.repeat(64)}%d`, /longer than 64 bytes/],
] as const) {
  test(`no names of ${JSON.stringify(pattern.slice(0, 12))}`, () => {
    assert.throws(() => patternNames({ pattern, count: 2, first: 1 }), { message });
  });
}

test('counts and first numbers have bounds', () => {
  for (const [count, first] of [
    [0, 1],
    [-1, 1],
    [10_001, 1],
    [1, -1],
  ] as const) {
    assert.throws(() => patternNames({ pattern: 'w%d', count, first }), { code: 'BAD_ARGUMENT' });
  }
});

test('all names that are taken are told at once; an empty directory takes none', t => {
  const lxcpath = mkdtempSync(join(tmpdir(), 'tslxctest-bulk-'));
  t.after(() => rmSync(lxcpath, { recursive: true }));
  const names = patternNames({ pattern: 'w%d', count: 9, first: 1 });
  mkdirSync(join(lxcpath, 'w1'));
  refuseTaken(lxcpath, names);
  for (const name of ['w3', 'w4', 'w5']) {
    mkdirSync(join(lxcpath, name));
    writeFileSync(join(lxcpath, name, 'config'), '');
  }
  writeFileSync(join(lxcpath, 'w9'), '');
  assert.throws(() => refuseTaken(lxcpath, names), {
    code: 'ALREADY_EXISTS',
    message: /w3 to w5, w9 already/,
  });
});

test('the first is made alone, then some at once; after a failure no more are begun, and the rest is named', async () => {
  const names = patternNames({ pattern: 'w%d', count: 200, first: 1 });
  let running = 0;
  let most = 0;
  const begun: string[] = [];
  const { made, failed, notMade } = await createMany(names, async name => {
    begun.push(name);
    running++;
    if (begun.length === 1) assert.equal(running, 1);
    most = Math.max(most, running);
    await new Promise(resolve => setImmediate(resolve));
    if (begun.length === 2) assert.ok(begun[0] === 'w1' && running === 1);
    running--;
    if (name === 'w50') throw new Error('no space');
  });
  assert.ok(most > 1 && most <= 16);
  assert.deepEqual(
    failed.map(({ name, error }) => `${name}: ${(error as Error).message}`),
    ['w50: no space'],
  );
  assert.ok(begun.length < 50 + most + 1, `${begun.length} were begun`);
  assert.equal(made.length, begun.length - 1);
  assert.deepEqual([...made, ...notMade].sort(), [...names].sort());
  assert.ok(notMade.includes('w50') && notMade.includes('w200'));
});

test('names in few words', () => {
  const all = ['a', 'b', 'c', 'd', 'e', 'f'];
  assert.equal(spans(all, ['a', 'b', 'c', 'e']), 'a to c, e');
  assert.equal(spans(all, ['a', 'b', 'f']), 'a, b, f');
  assert.equal(spans(all, []), '');
});
