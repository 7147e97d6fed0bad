// A plan as it travels to the executor. The layout is native/executor/plan.h's; where a field lives comes from the op table.

import { TslxcError } from '../base/errors.ts';
import { type FieldValue, fieldsOf, numberOf, slotOf } from './fields.ts';
import type { Actor, Op, Plan, PlanKind } from './model.ts';
import { OPCODES } from './opcodes.ts';

const MAGIC = 'TSLXCPLN';
const VERSION = 1;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 16;
const OP_BYTES = 88;
const SLOTS_AT = 8;
const NUMS_AT = 16;
const STRS_AT = 64;
const SLOTS = 4;
const STRS = 6;
const NO_SLOT = 0xffff;
const NO_STRING = 0xffffffff;

const LIMITS = { bytes: 8 << 20, ops: 8192, segments: 64, slots: 1024, listTexts: 512 };
const KINDS: Readonly<Record<PlanKind, number>> = { launch: 0, run: 1, teardown: 2 };
const ACTORS: Readonly<Record<Actor, number>> = {
  host: 0,
  spawner: 1,
  parent: 2,
  child: 3,
  'teardown-stop': 4,
  'teardown-reboot': 5,
};

/** The wire form of a plan; throws PLAN_TOO_LARGE where the executor would refuse it and PLAN_INVALID for a NUL in a text. */
export function planBytes(plan: Plan): Uint8Array {
  const ops = plan.segments.flatMap(segment => segment.ops);
  const segmentsAt = HEADER_BYTES;
  const opsAt = segmentsAt + plan.segments.length * SEGMENT_BYTES;
  const stringsAt = opsAt + ops.length * OP_BYTES;
  const strings = new StringTable();
  const head = Buffer.alloc(stringsAt);

  writeSegments(head, segmentsAt, plan);
  for (const [index, op] of ops.entries()) writeOp(head, opsAt + index * OP_BYTES, op, strings);
  const text = strings.bytes();
  writeHeader(head, plan, ops.length, { segmentsAt, opsAt, stringsAt, stringsBytes: text.length });
  checkLimits(plan, ops.length, stringsAt + text.length);
  return Buffer.concat([head, text]);
}

function writeHeader(
  out: Buffer,
  plan: Plan,
  opCount: number,
  at: { segmentsAt: number; opsAt: number; stringsAt: number; stringsBytes: number },
): void {
  out.write(MAGIC, 0, 'latin1');
  const words = [
    VERSION,
    KINDS[plan.kind],
    at.stringsAt + at.stringsBytes,
    plan.segments.length,
    opCount,
    plan.slotCount,
    at.segmentsAt,
    at.opsAt,
    at.stringsAt,
    at.stringsBytes,
  ];
  words.forEach((word, index) => {
    out.writeUInt32LE(word, MAGIC.length + index * 4);
  });
}

function writeSegments(out: Buffer, offset: number, plan: Plan): void {
  let firstOp = 0;
  plan.segments.forEach((segment, index) => {
    const at = offset + index * SEGMENT_BYTES;
    out.writeUInt16LE(ACTORS[segment.actor], at);
    out.writeUInt32LE(firstOp, at + 4);
    out.writeUInt32LE(segment.ops.length, at + 8);
    firstOp += segment.ops.length;
  });
}

function writeOp(out: Buffer, at: number, op: Op, strings: StringTable): void {
  out.writeUInt16LE(OPCODES[op.name].code, at);
  for (let n = 0; n < SLOTS; n++) out.writeUInt16LE(NO_SLOT, at + SLOTS_AT + n * 2);
  for (let n = 0; n < STRS; n++) out.writeUInt32LE(NO_STRING, at + STRS_AT + n * 4);
  for (const { spec, value } of fieldsOf(op)) {
    if (spec.place === 'slot') out.writeUInt16LE(slotOf(value) ?? NO_SLOT, at + SLOTS_AT + spec.index * 2);
    else if (spec.place === 'num') out.writeBigInt64LE(numberOf(spec, value), at + NUMS_AT + spec.index * 8);
    else out.writeUInt32LE(strings.place(value, op), at + STRS_AT + spec.index * 4);
  }
}

function checkLimits(plan: Plan, opCount: number, bytes: number): void {
  const over = [
    [bytes, LIMITS.bytes, 'bytes'],
    [opCount, LIMITS.ops, 'ops'],
    [plan.segments.length, LIMITS.segments, 'segments'],
    [plan.slotCount, LIMITS.slots, 'slots'],
  ].find(([count, limit]) => Number(count) > Number(limit));
  if (over) {
    throw new TslxcError(
      'PLAN_TOO_LARGE',
      `the configuration needs ${over[0]} ${over[2]} in one plan, more than ${over[1]}`,
      {
        hint: 'use fewer mount entries, devices or addresses',
      },
    );
  }
}

/** The strings section: each text once, found again by content. */
class StringTable {
  readonly #chunks: Buffer[] = [];
  readonly #known = new Map<string, number>();
  #size = 0;

  place(value: FieldValue, op: Op): number {
    if (value === undefined) return NO_STRING;
    if (value instanceof Uint8Array) return this.#append(Buffer.from(value));
    const text = typeof value === 'string' ? checkText(value, op) : listText(value as readonly string[], op);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const offset = this.#append(Buffer.from(text, 'utf8'));
    this.#known.set(text, offset);
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #append(content: Buffer): number {
    const offset = this.#size;
    const chunk = Buffer.alloc((4 + content.length + 1 + 3) & ~3);
    chunk.writeUInt32LE(content.length, 0);
    content.copy(chunk, 4);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    return offset;
  }
}

function listText(texts: readonly string[], op: Op): string {
  if (texts.length > LIMITS.listTexts) {
    throw new TslxcError(
      'PLAN_TOO_LARGE',
      `${op.name} has ${texts.length} texts in one list, more than ${LIMITS.listTexts}`,
      {
        origin: op.origin,
      },
    );
  }
  return texts.map(text => `${checkText(text, op)}\0`).join('');
}

function checkText(text: string, op: Op): string {
  if (text.includes('\0')) {
    throw new TslxcError('PLAN_INVALID', `a NUL character in a value of ${op.name}`, { origin: op.origin });
  }
  return text;
}
