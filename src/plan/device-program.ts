// lxc.cgroup2.devices.*: an eBPF program for the payload cgroup, compiled here (BPF_CGROUP_DEVICE).

import type { Origin } from '../base/errors.ts';
import { cannotStart } from './refusal.ts';

/** One line: `lxc.cgroup2.devices.allow = c 1:3 rwm`. */
export interface DeviceRule {
  readonly verb: 'allow' | 'deny';
  readonly value: string;
  readonly origin: Origin;
}

interface Condition {
  readonly type: number | undefined;
  readonly access: number;
  readonly major: number | undefined;
  readonly minor: number | undefined;
}

const TYPES: Readonly<Record<string, number | undefined>> = { a: undefined, b: 1, c: 2 };
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL_ACCESS = 7;

// The context: access_type (access << 16 | type), major, minor. r1 points to it.
const LOAD32 = 0x61;
const MOV_REGISTER = 0xbf;
const MOV = 0xb7;
const AND32 = 0x54;
const SHIFT_RIGHT32 = 0x74;
const JUMP_NOT_EQUAL = 0x55;
const JUMP_NOT_EQUAL_REGISTER = 0x5d;
const JUMP_EQUAL = 0x15;
const EXIT = 0x95;
const TYPE = 2;
const ACCESS_REGISTER = 3;
const MAJOR = 4;
const MINOR = 5;
const SCRATCH = 1;

type Instruction = readonly [code: number, target: number, source: number, offset: number, immediate: number];

/** The program's instructions, 8 bytes each; undefined when there is no rule and so nothing to enforce. */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array | undefined {
  if (rules.length === 0) return undefined;
  const { allowing, conditions } = effectiveRules(rules);
  const program: Instruction[] = [
    [LOAD32, TYPE, 1, 0, 0],
    [MOV_REGISTER, ACCESS_REGISTER, TYPE, 0, 0],
    [AND32, TYPE, 0, 0, 0xffff],
    [SHIFT_RIGHT32, ACCESS_REGISTER, 0, 0, 16],
    [LOAD32, MAJOR, 1, 4, 0],
    [LOAD32, MINOR, 1, 8, 0],
    ...conditions.flatMap(condition => compile(condition, allowing)),
    [MOV, 0, 0, 0, allowing ? 0 : 1],
    [EXIT, 0, 0, 0, 0],
  ];
  return encode(program);
}

/**
 * A bare `a` sets the mode and forgets what came before. While everything is denied (the start, `deny = a`) only allow
 * rules count; while everything is allowed (`allow = a`) only deny rules.
 */
function effectiveRules(rules: readonly DeviceRule[]): { allowing: boolean; conditions: Condition[] } {
  let allowing = true;
  let conditions: Condition[] = [];
  for (const rule of rules) {
    if (rule.value.trim() === 'a') {
      allowing = rule.verb === 'deny';
      conditions = [];
    } else if ((rule.verb === 'allow') === allowing) conditions.push(parseCondition(rule));
  }
  return { allowing, conditions };
}

function parseCondition({ value, origin }: DeviceRule): Condition {
  const match = /^([abc])\s+(\d+|\*):(\d+|\*)(?:\s+([rwm]+))?$/.exec(value.trim());
  if (!match) {
    throw cannotStart(
      `"${value}" is no device rule`,
      origin,
      'write TYPE MAJOR:MINOR ACCESS, as in c 1:3 rwm',
    );
  }
  const [, type = 'a', major, minor, access = 'rwm'] = match;
  const number = (text: string | undefined) => (text === '*' ? undefined : Number(text));
  return {
    type: TYPES[type],
    access: [...access].reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0),
    major: number(major),
    minor: number(minor),
  };
}

/** Tests that leave the rule when they fail, then the verdict. An allow rule must cover all of the access, a deny rule any. */
function compile({ type, access, major, minor }: Condition, allowing: boolean): Instruction[] {
  const body: Instruction[] = [];
  const leave = -1; // filled in below, when the length is known
  if (type !== undefined) body.push([JUMP_NOT_EQUAL, TYPE, 0, leave, type]);
  if (access !== ALL_ACCESS) {
    body.push([MOV_REGISTER, SCRATCH, ACCESS_REGISTER, 0, 0], [AND32, SCRATCH, 0, 0, access]);
    body.push(
      allowing
        ? [JUMP_NOT_EQUAL_REGISTER, SCRATCH, ACCESS_REGISTER, leave, 0]
        : [JUMP_EQUAL, SCRATCH, 0, leave, 0],
    );
  }
  if (major !== undefined) body.push([JUMP_NOT_EQUAL, MAJOR, 0, leave, major]);
  if (minor !== undefined) body.push([JUMP_NOT_EQUAL, MINOR, 0, leave, minor]);
  body.push([MOV, 0, 0, 0, allowing ? 1 : 0], [EXIT, 0, 0, 0, 0]);
  return body.map(([code, target, source, offset, immediate], index) => [
    code,
    target,
    source,
    offset === leave ? body.length - index - 1 : offset,
    immediate,
  ]);
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, target, source, offset, immediate]] of program.entries()) {
    bytes.writeUInt8(code, index * 8);
    bytes.writeUInt8(target | (source << 4), index * 8 + 1);
    bytes.writeInt16LE(offset, index * 8 + 2);
    bytes.writeInt32LE(immediate, index * 8 + 4);
  }
  return bytes;
}
