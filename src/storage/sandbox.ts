// Carries out sandbox plans: templates, and removals of what they wrote.

import { closeSync } from 'node:fs';
import { runPlan } from '../host/executor-run.ts';
import { sealedMemfd } from '../host/memfd.ts';
import type { ProgramOptions, ProgramResult } from '../host/program.ts';
import { planBytes } from '../plan/bytes.ts';
import { type SandboxInput, sandboxPlan } from '../plan/sandbox.ts';

/** Runs a program in a sandbox until it ends. What of the sandbox itself fails is told on the program's stderr. */
export async function runInSandbox(
  input: SandboxInput,
  options: Omit<ProgramOptions, 'cwd' | 'env' | 'descriptors'>,
): Promise<ProgramResult> {
  const plan = sealedMemfd('tslxc-sandbox', planBytes(sandboxPlan(input)));
  try {
    return await runPlan(plan, options);
  } finally {
    closeSync(plan);
  }
}
