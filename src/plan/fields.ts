// What a field of an op is: its value by the table's description, as a number and as words.

import type { Op } from './model.ts';
import { ENUMS, type FieldSpec, OPCODES, SETS } from './opcodes.ts';
import type { Slot } from './slot.ts';

export type FieldValue =
  | Slot
  | number
  | bigint
  | boolean
  | string
  | readonly string[]
  | Uint8Array
  | undefined;

/** The fields of an op in table order, each with its value. */
export function fieldsOf(op: Op): { readonly spec: FieldSpec; readonly value: FieldValue }[] {
  const values = op.fields as Readonly<Record<string, FieldValue>>;
  return OPCODES[op.name].fields.map(spec => ({ spec, value: values[spec.name] }));
}

/** The number of a slot field, or undefined where the field is absent. */
export function slotOf(value: FieldValue): number | undefined {
  return (value as Slot | undefined)?.slot;
}

/** What travels for a field of class num: a signed 64-bit integer. */
export function numberOf(spec: FieldSpec, value: FieldValue): bigint {
  switch (spec.kind) {
    case 'bool':
      return value === true ? 1n : 0n;
    case 'set':
      return (value as readonly string[]).reduce(
        (bits, word) => bits | BigInt(setTable(spec)[word] ?? 0),
        0n,
      );
    case 'enum':
      return BigInt(enumTable(spec)[value as string] ?? -1);
    default:
      return BigInt.asIntN(64, BigInt(value as number | bigint));
  }
}

/** The bits of a set as its words, in table order. */
export function setWords(spec: FieldSpec, value: FieldValue): readonly string[] {
  const bits = numberOf(spec, value);
  return Object.entries(setTable(spec))
    .filter(([, bit]) => (bits & BigInt(bit)) !== 0n)
    .map(([word]) => word);
}

function setTable(spec: FieldSpec): Readonly<Record<string, number>> {
  return SETS[spec.of as keyof typeof SETS];
}

function enumTable(spec: FieldSpec): Readonly<Record<string, number>> {
  return ENUMS[spec.of as keyof typeof ENUMS];
}
