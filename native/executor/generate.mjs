// Makes src/plan/opcodes.ts and native/executor/{ops.h,perform.c} from opcodes.def, the one table of ops. `--check` fails when
// one of them is stale.
import { readFileSync, writeFileSync } from 'node:fs';

const table = new URL('./opcodes.def', import.meta.url);
const targets = {
  typescript: new URL('../../src/plan/opcodes.ts', import.meta.url),
  header: new URL('./ops.h', import.meta.url),
  perform: new URL('./perform.c', import.meta.url),
};

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
      const optional = type.endsWith('?');
      const [kind, of] = type.replace('?', '').split('.');
      const place = classOf(kind);
      return { name, kind, of, optional, place, index: next[place]++ };
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
    fd: 'Slot',
    pid: 'Slot',
    value: 'Slot',
    newfd: 'Slot',
    newpid: 'Slot',
    newvalue: 'Slot',
    int: 'number | bigint',
    oct: 'number',
    hex: 'number | bigint',
    bool: 'boolean',
    set: `readonly SetWord<'${of}'>[]`,
    enum: `EnumWord<'${of}'>`,
    str: 'string',
    fmt: 'string',
    list: 'readonly string[]',
    fmtlist: 'readonly string[]',
    bytes: 'Uint8Array',
  })[kind];

const fieldType = f => `${f.name}${f.optional ? '?' : ''}: ${typeOf(f)}${f.optional ? ' | undefined' : ''}`;

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
  ...ops.map(op => `  ${op.name}: { ${op.fields.map(fieldType).join('; ')} };`),
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

const MADE = '/* Made by generate.mjs from opcodes.def. Do not edit: npm run generate. */';
// stdin is a macro in C.
const cName = name => (name === 'stdin' ? 'stdin_file' : name);
const cType = ({ kind }) =>
  ({
    fd: 'int ',
    pid: 'pid_t ',
    value: 'int64_t ',
    newfd: 'uint16_t ',
    newpid: 'uint16_t ',
    newvalue: 'uint16_t ',
    int: 'int64_t ',
    oct: 'mode_t ',
    hex: 'uint64_t ',
    bool: 'bool ',
    set: 'uint64_t ',
    enum: 'int ',
    str: 'const char *',
    fmt: 'const char *',
    list: 'struct text_list ',
    fmtlist: 'struct text_list ',
    bytes: 'struct byte_span ',
  })[kind];
const cValue = ({ kind, place, index }) => {
  if (place === 'slot') {
    if (kind.startsWith('new')) return `op->slots[${index}]`;
    return `${{ fd: 'slot_fd', pid: 'slot_pid', value: 'slot_value' }[kind]}(run, op->slots[${index}])`;
  }
  if (place === 'num')
    return kind === 'bool' ? `op->nums[${index}] != 0` : `(${cType({ kind }).trim()})op->nums[${index}]`;
  if (kind === 'bytes') return `plan_bytes(run->plan, op->strs[${index}])`;
  return `${kind.endsWith('list') ? 'plan_list' : 'plan_text'}(run->plan, op->strs[${index}])`;
};
const header = [
  MADE,
  '#ifndef TSLXC_OPS_H',
  '#define TSLXC_OPS_H',
  '',
  '#include "plan_view.h"',
  '',
  '/* clang-format off */',
  'struct run;',
  '',
  ...ops.flatMap(op => [
    ...(op.fields.length
      ? [`struct ${op.name}_op { ${op.fields.map(f => `${cType(f)}${cName(f.name)};`).join(' ')} };`]
      : []),
    `int op_${op.name}(struct run *run${op.fields.length ? `, const struct ${op.name}_op *o` : ''});`,
  ]),
  '/* clang-format on */',
  '',
  '#endif',
  '',
];
const perform = [
  MADE,
  '#include <errno.h>',
  '',
  '#include "ops.h"',
  '#include "run.h"',
  '',
  '/* clang-format off */',
  '/* Performs one checked op; 0 or -errno, with the context in run->failure. */',
  'int perform(struct run *run, const struct plan_op *op)',
  '{',
  '\tswitch (op->opcode) {',
  ...ops.flatMap(op =>
    op.fields.length
      ? [
          `\tcase ${op.code}:`,
          `\t\treturn op_${op.name}(run, &(struct ${op.name}_op){ ${op.fields.map(f => `.${cName(f.name)} = ${cValue(f)}`).join(', ')} });`,
        ]
      : [`\tcase ${op.code}:`, `\t\treturn op_${op.name}(run);`],
  ),
  '\tdefault:',
  '\t\treturn fail(run, -EINVAL, "opcode %u", op->opcode);',
  '\t}',
  '}',
  '/* clang-format on */',
  '',
];
const made = { typescript: lines.join('\n'), header: header.join('\n'), perform: perform.join('\n') };
for (const [name, text] of Object.entries(made)) {
  if (!process.argv.includes('--check')) writeFileSync(targets[name], text);
  else if (readFileSync(targets[name], 'utf8') !== text) {
    console.error(`${targets[name].pathname} is stale: run npm run generate`);
    process.exit(1);
  }
}
