// A plan as text: the exact form that the executor prints too (plan.h), and the annotated form that `tslxc plan` shows.

import { crc32 } from 'node:zlib';
import { describeOrigin } from '../base/errors.ts';
import { type FieldValue, fieldsOf, numberOf, setWords, slotOf } from './fields.ts';
import type { Op, Plan } from './model.ts';
import type { FieldSpec } from './opcodes.ts';

/** The golden form: one line an op, the same that `tslxc-executor print` makes of the bytes. */
export function planText(plan: Plan): string {
  return render(plan, opText);
}

/** planText with notices and ignored keys first and each op's origin behind it; for people. */
export function annotatedPlanText(plan: Plan): string {
  const notices = plan.notices.map(notice => `# notice: ${notice}\n`);
  const ignored = plan.ignored.map(
    ({ key, reason, origin }) => `# ignored: ${key} (${describeOrigin(origin)}): ${reason}\n`,
  );
  return `${notices.join('')}${ignored.join('')}${render(plan, op => `${opText(op)}  # ${describeOrigin(op.origin)}`)}`;
}

/** One op as text, without its number. */
export function opText(op: Op): string {
  const fields = fieldsOf(op).map(({ spec, value }) => fieldText(spec, value));
  return [op.name, ...fields.filter(text => text !== undefined)].join(' ');
}

function render(plan: Plan, line: (op: Op) => string): string {
  const lines = [`plan ${plan.kind}`];
  let number = 0;
  for (const segment of plan.segments) {
    lines.push(`segment ${segment.actor}`);
    for (const op of segment.ops) lines.push(`  ${number++} ${line(op)}`);
  }
  return `${lines.join('\n')}\n`;
}

function fieldText(spec: FieldSpec, value: FieldValue): string | undefined {
  if (spec.place === 'slot') {
    const slot = slotOf(value);
    if (slot === undefined) return undefined;
    return spec.kind.startsWith('new') ? `${spec.name}=>{${slot}}` : `${spec.name}={${slot}}`;
  }
  if (value === undefined) return undefined;
  return `${spec.name}=${spec.place === 'num' ? numberText(spec, value) : stringText(value)}`;
}

function numberText(spec: FieldSpec, value: FieldValue): string {
  switch (spec.kind) {
    case 'oct':
      return `0${BigInt.asUintN(64, numberOf(spec, value)).toString(8)}`;
    case 'hex':
      return `0x${BigInt.asUintN(64, numberOf(spec, value)).toString(16)}`;
    case 'bool':
      return value === true ? 'yes' : 'no';
    case 'set':
      return setWords(spec, value).join(',') || 'none';
    case 'enum':
      return String(value);
    default:
      return numberOf(spec, value).toString();
  }
}

function stringText(value: FieldValue): string {
  if (value instanceof Uint8Array) {
    return `<${value.length} bytes crc32 ${crc32(value).toString(16).padStart(8, '0')}>`;
  }
  return typeof value === 'string' ? quote(value) : `[${(value as readonly string[]).map(quote).join(',')}]`;
}

const NAMED: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\t': '\\t' };

function quote(text: string): string {
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  const escaped = wellFormed.replace(/["\\\x00-\x1f\x7f]/g, character => {
    return NAMED[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}
