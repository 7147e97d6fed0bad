// Each directory here is a case: a config on a host, and the plan that it must become. `UPDATE_GOLDEN=1` writes the plans
// anew: read the difference before you commit it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TslxcError, describeOrigin } from '../../src/base/errors.ts';
import { installation } from '../../src/host/installation.ts';
import { planBytes } from '../../src/plan/bytes.ts';
import type { Plan } from '../../src/plan/model.ts';
import { annotatedPlanText, planText } from '../../src/plan/text.ts';
import { compileCase, goldenDirectory } from './case.ts';

const cases = readdirSync(goldenDirectory()).filter(name => existsSync(join(goldenDirectory(), name, 'config')));
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
    const printed = spawnSync(installation().executor, ['print'], { input: planBytes(plan), encoding: 'utf8' });
    assert.equal(printed.stderr, '');
    assert.equal(printed.stdout, planText(plan));
  });
}

test('there are enough cases, and compiling one takes a moment', t => {
  assert.ok(cases.length >= 12, `${cases.length} cases`);
  const sorted = durationsMs.toSorted((a, b) => a - b);
  t.diagnostic(`compile, with loading the config: median ${sorted[sorted.length >> 1]?.toFixed(2)} ms, first ${durationsMs[0]?.toFixed(2)} ms`);
});

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
