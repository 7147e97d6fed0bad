import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  freeRootSpan,
  parseSubids,
  RANGE_IDS,
  ROOT_SPAN_IDS,
  rangeBases,
  spansOverlap,
} from '../../../src/base/id-spans.ts';

test('a subid file: comments, broken lines and overflowing spans say nothing', () => {
  const text = '# comment\nroot:100000:65536\n\nbob:1:0\nalice:200000:x\n0:300000:10\nmax:4294967290:10\n';
  assert.deepEqual(parseSubids(text), [
    { owner: 'root', first: 100000, count: 65536 },
    { owner: '0', first: 300000, count: 10 },
  ]);
});

test('spans overlap when they share an id, and not when they touch', () => {
  assert.equal(spansOverlap({ first: 0, count: 10 }, { first: 9, count: 1 }), true);
  assert.equal(spansOverlap({ first: 0, count: 10 }, { first: 10, count: 1 }), false);
});

test('ranges are whole in both files and never in another owner’s line', () => {
  const uids = parseSubids('root:100000:262144\nbob:231072:65536\n');
  const gids = parseSubids('root:100000:200000\n');
  assert.deepEqual([...rangeBases(uids, gids)], [100000, 165536]);
});

test('ranges are disjoint, whatever the files say', () => {
  const line = fc.record({
    owner: fc.constantFrom('root', '0', 'bob'),
    first: fc.integer({ min: 1, max: 1_000_000 }),
    count: fc.integer({ min: 1, max: 500_000 }),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), lines => {
      const text = lines.map(({ owner, first, count }) => `${owner}:${first}:${count}`).join('\n');
      const parsed = parseSubids(text);
      const foreign = parsed.filter(({ owner }) => owner === 'bob');
      for (const first of rangeBases(parsed, parsed)) {
        assert.ok(!foreign.some(span => spansOverlap(span, { first, count: RANGE_IDS })));
      }
    }),
  );
});

test('root’s span avoids what is taken and ends below 2^31', () => {
  const first = freeRootSpan([]);
  assert.deepEqual(first, { first: 0x7ffe0000 - ROOT_SPAN_IDS, count: ROOT_SPAN_IDS });
  const second = freeRootSpan([{ first: 2_000_000_000, count: 1 }]);
  assert.ok(second && !spansOverlap(second, { first: 2_000_000_000, count: 1 }));
  assert.equal(freeRootSpan([{ first: 0, count: 2 ** 32 }]), undefined);
});
