// Makes src/plan/opcodes.ts from opcodes.def, the one table of ops. `--check` fails when the file is stale.
import { readFileSync, writeFileSync } from 'node:fs';

const table = new URL('./opcodes.def', import.meta.url);
const target = new URL('../../src/plan/opcodes.ts', import.meta.url);

const CLASSES = {
  slot: ['fd', 'pid', 'value', 'newfd', 'newpid', 'newvalue'],
  num: ['int', 'oct', 'hex', 'bool', 'set', 'enum'],
  str: ['str', 'fmt', 'list', 'fmtlist', 'bytes'],
};

function classOf(kind) {
  const entry = Object.entries(CLASSES).find(([, kinds]) => kinds.includes(kind));
  if (!entry) throw new Error(`opcodes.def: unknown field kind ${kind}`);
  return entry[0];
}

function parseFields(text) {
  const next = { slot: 0, num: 0, str: 0 };
  return text
    .split(' ')
    .filter(Boolean)
    .map(field => {
      const [name, type] = field.split(':');
      const [kind, of] = type.split('.');
      const place = classOf(kind);
      return { name, kind, of, place, index: next[place]++ };
    });
}

const source = readFileSync(table, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
const ops = [...source.matchAll(/^OP\((\d+), (\w+), "([^"]*)"\)/gm)].map(([, code, name, fields]) => ({
  code: Number(code),
  name,
  fields: parseFields(fields),
}));
const words = kind => {
  const tables = {};
  for (const [, of, value, word] of source.matchAll(
    new RegExp(`^${kind}\\((\\w+), (\\w+), "([^"]+)"\\)`, 'gm'),
  ))
    tables[of] = { ...tables[of], [word]: Number(value) };
  return tables;
};
const sets = words('FLAG');
const enums = words('ENUM');

const typeOf = ({ kind, of }) =>
  ({
    fd: 'Slot | undefined',
    pid: 'Slot | undefined',
    value: 'Slot | undefined',
    newfd: 'Slot',
    newpid: 'Slot',
    newvalue: 'Slot',
    int: 'number | bigint',
    oct: 'number',
    hex: 'number | bigint',
    bool: 'boolean',
    set: `readonly SetWord<'${of}'>[]`,
    enum: `EnumWord<'${of}'>`,
    str: 'string | undefined',
    fmt: 'string | undefined',
    list: 'readonly string[]',
    fmtlist: 'readonly string[]',
    bytes: 'Uint8Array',
  })[kind];

const isOptional = ({ kind }) => ['fd', 'pid', 'value', 'str', 'fmt'].includes(kind);
const lines = [
  '// Made by native/executor/generate.mjs from native/executor/opcodes.def. Do not edit: npm run generate.',
  '',
  "import type { Slot } from './slot.ts';",
  '',
  `export const SETS = ${JSON.stringify(sets, null, 2)} as const;`,
  '',
  `export const ENUMS = ${JSON.stringify(enums, null, 2)} as const;`,
  '',
  'export type SetWord<T extends keyof typeof SETS> = keyof (typeof SETS)[T];',
  'export type EnumWord<T extends keyof typeof ENUMS> = keyof (typeof ENUMS)[T];',
  '',
  '/** The fields of each op, as the recipes give them. */',
  'export interface OpFields {',
  ...ops.map(
    op =>
      `  ${op.name}: { ${op.fields.map(f => `${f.name}${isOptional(f) ? '?' : ''}: ${typeOf(f)}`).join('; ')} };`,
  ),
  '}',
  '',
  'export type OpName = keyof OpFields;',
  '',
  'export interface FieldSpec {',
  '  readonly name: string;',
  "  readonly kind: 'fd' | 'pid' | 'value' | 'newfd' | 'newpid' | 'newvalue' | 'int' | 'oct' | 'hex' | 'bool' | 'set' | 'enum' | 'str' | 'fmt' | 'list' | 'fmtlist' | 'bytes';",
  '  /** Which table the words of a set or enum are in. */',
  '  readonly of?: string;',
  "  readonly place: 'slot' | 'num' | 'str';",
  '  readonly index: number;',
  '}',
  '',
  'export const OPCODES: { readonly [N in OpName]: { readonly code: number; readonly fields: readonly FieldSpec[] } } = {',
  ...ops.map(
    op =>
      `  ${op.name}: { code: ${op.code}, fields: [${op.fields
        .map(
          f =>
            `{ name: '${f.name}', kind: '${f.kind}', ${f.of ? `of: '${f.of}', ` : ''}place: '${f.place}', index: ${f.index} }`,
        )
        .join(', ')}] },`,
  ),
  '};',
  '',
];
const text = lines.join('\n');
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/plan/opcodes.ts is stale: run npm run generate');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
