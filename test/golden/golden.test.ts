// Each directory here is a case: a config on a host, and the plan that it must become. `UPDATE_GOLDEN=1` writes the plans
// anew: read the difference before you commit it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOrigin, TslxcError } from '../../src/base/errors.ts';
import { installation } from '../../src/host/installation.ts';
import { planBytes } from '../../src/plan/bytes.ts';
import { type Plan, PlanBuilder } from '../../src/plan/model.ts';
import { ENUMS, OPCODES, type OpFields, type OpName, SETS } from '../../src/plan/opcodes.ts';
import { annotatedPlanText, planText } from '../../src/plan/text.ts';
import { compileCase, goldenDirectory } from './case.ts';

const cases = readdirSync(goldenDirectory()).filter(name =>
  existsSync(join(goldenDirectory(), name, 'config')),
);
const durationsMs: number[] = [];

for (const name of cases) {
  test(`the plan of ${name} is the golden one`, () => {
    const began = performance.now();
    const plan = compiled(name);
    durationsMs.push(performance.now() - began);
    const text = plan instanceof TslxcError ? refusal(plan) : annotatedPlanText(plan);
    const file = join(goldenDirectory(), name, 'plan.txt');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
    assert.equal(text, readFileSync(file, 'utf8'));
  });

  test(`the executor takes the bytes of ${name} and prints the same text`, t => {
    const plan = compiled(name);
    if (plan instanceof TslxcError) {
      t.diagnostic('a start that is refused has no bytes');
      return;
    }
    assert.equal(printed(plan), planText(plan));
  });
}

test('the executor prints every op as we do', () => {
  const plan = new PlanBuilder();
  for (let slot = 0; slot < 4; slot++) plan.newSlot();
  for (const name of Object.keys(OPCODES) as OpName[])
    plan.add('host', { rule: 'every op' }, name, fieldsFor(name));
  const built = plan.build('launch');
  const file = join(goldenDirectory(), 'every-op.txt');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, planText(built));
  assert.equal(planText(built), readFileSync(file, 'utf8'));
  assert.equal(printed(built), planText(built));
});

/** A value for each field of an op that shows its kind. */
function fieldsFor<N extends OpName>(name: N): OpFields[N] {
  const values = OPCODES[name].fields.map(({ name: field, kind, of, index }) => {
    if (/^(new)?(fd|pid|value)$/.test(kind)) return [field, { slot: index }];
    const table = of as keyof typeof SETS & keyof typeof ENUMS;
    if (kind === 'set') return [field, Object.keys(SETS[table]).slice(0, 2)];
    if (kind === 'enum') return [field, Object.keys(ENUMS[table]).at(-1)];
    if (kind === 'bool') return [field, index % 2 === 0];
    if (kind === 'list' || kind === 'fmtlist') return [field, ['one', 'two words', '"three"\n\x7f']];
    if (kind === 'bytes') return [field, new TextEncoder().encode('bytes')];
    return [field, kind === 'str' || kind === 'fmt' ? `${field}/é` : 420 + index];
  });
  return Object.fromEntries(values) as OpFields[N];
}

test('there are enough cases, and compiling one takes a moment', t => {
  assert.ok(cases.length >= 12, `${cases.length} cases`);
  const sorted = durationsMs.toSorted((a, b) => a - b);
  t.diagnostic(
    `compile, with loading the config: median ${sorted[sorted.length >> 1]?.toFixed(2)} ms, first ${durationsMs[0]?.toFixed(2)} ms`,
  );
});

function printed(plan: Plan): string {
  const { stdout, stderr } = spawnSync(installation().executor, ['print'], {
    input: planBytes(plan),
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return stdout;
}

function compiled(name: string): Plan | TslxcError {
  try {
    return compileCase(name);
  } catch (error) {
    if (error instanceof TslxcError) return error;
    throw error;
  }
}

function refusal({ code, message, hint, origin }: TslxcError): string {
  return `refused ${code}\n${message}${origin ? ` (${describeOrigin(origin)})` : ''}\nhint: ${hint}\n`;
}
