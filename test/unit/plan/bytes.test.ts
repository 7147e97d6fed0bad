import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planBytes } from '../../../src/plan/bytes.ts';
import { PlanBuilder } from '../../../src/plan/model.ts';
import { samplePlan } from './sample.ts';

const HEADER = 64;
const SEGMENT = 16;
const OP = 88;

/** Reads the wire form with nothing but plan.h in mind. */
function reader(bytes: Uint8Array) {
  const view = Buffer.from(bytes);
  const opsAt = view.readUInt32LE(36);
  const stringsAt = view.readUInt32LE(40);
  const op = (index: number) => opsAt + index * OP;
  return {
    view,
    opcode: (index: number) => view.readUInt16LE(op(index)),
    slot: (index: number, n: number) => view.readUInt16LE(op(index) + 8 + n * 2),
    num: (index: number, n: number) => view.readBigInt64LE(op(index) + 16 + n * 8),
    str: (index: number, n: number) => {
      const offset = view.readUInt32LE(op(index) + 64 + n * 4);
      if (offset === 0xffffffff) return undefined;
      const at = stringsAt + offset;
      const length = view.readUInt32LE(at);
      assert.equal(offset % 4, 0);
      assert.equal(view[at + 4 + length], 0);
      return view.subarray(at + 4, at + 4 + length).toString('utf8');
    },
  };
}

test('the header names the parts', () => {
  const { view } = reader(planBytes(samplePlan()));
  assert.equal(view.toString('latin1', 0, 8), 'TSLXCPLN');
  const words = Array.from({ length: 10 }, (_, n) => view.readUInt32LE(8 + n * 4));
  const opsAt = HEADER + 5 * SEGMENT;
  const stringsAt = opsAt + 11 * OP;
  assert.deepEqual(words, [1, 0, view.length, 5, 11, 2, HEADER, opsAt, stringsAt, view.length - stringsAt]);
  assert.deepEqual([...view.subarray(48, 64)], Array(16).fill(0));
});

test('segments carry actor, first op and count', () => {
  const { view } = reader(planBytes(samplePlan()));
  const segments = Array.from({ length: 5 }, (_, n) => {
    const at = HEADER + n * SEGMENT;
    return [view.readUInt16LE(at), view.readUInt32LE(at + 4), view.readUInt32LE(at + 8)];
  });
  assert.deepEqual(segments, [
    [0, 0, 4],
    [1, 4, 1],
    [2, 5, 1],
    [3, 6, 4],
    [4, 10, 1],
  ]);
});

test('each class of field lands in its place', () => {
  const plan = reader(planBytes(samplePlan()));
  assert.equal(plan.opcode(1), 20);
  assert.deepEqual([plan.slot(1, 0), plan.slot(1, 1), plan.num(1, 0)], [0, 0xffff, 0o755n]);
  assert.deepEqual([plan.str(2, 0), plan.str(2, 1), plan.str(2, 2)], ['pids.max', '100', undefined]);
  assert.equal(plan.str(3, 0), 'sh\0-c\0exec "x"\n\t\\\x01é\0');
  assert.equal(plan.str(3, 1), '');
  assert.equal(plan.str(3, 3), undefined);
  assert.equal(plan.num(4, 0), 0x60020000n);
  assert.deepEqual(
    [0, 1, 2, 3].map(n => plan.num(5, n)),
    [-5n, 0n, 2n ** 40n, 1n],
  );
  assert.equal(plan.str(8, 0), '123456789');
  assert.equal(plan.num(10, 0), 0n);
});

test('what the executor would refuse is refused here', () => {
  const rule = { rule: 'test' };
  const withNul = new PlanBuilder();
  withNul.add('host', rule, 'expect_link', { name: 'a\0b' });
  assert.throws(() => planBytes(withNul.build('launch')), {
    code: 'PLAN_INVALID',
    message: 'a NUL character in a value of expect_link',
  });

  const long = new PlanBuilder();
  for (let n = 0; n < 8193; n++) long.add('host', rule, 'no_new_privs', {});
  assert.throws(() => planBytes(long.build('launch')), { code: 'PLAN_TOO_LARGE' });

  const slots = new PlanBuilder();
  for (let n = 0; n < 1025; n++) slots.newSlot();
  assert.throws(() => planBytes(slots.build('launch')), { code: 'PLAN_TOO_LARGE' });
});
