// Carries out sandbox plans: templates, and removals of what they wrote.

import { closeSync } from 'node:fs';
import { installation } from '../host/installation.ts';
import { sealedMemfd } from '../host/memfd.ts';
import { type ProgramOptions, type ProgramResult, runProgram } from '../host/program.ts';
import { planBytes } from '../plan/bytes.ts';
import { type SandboxInput, sandboxPlan } from '../plan/sandbox.ts';

/** Runs a program in a sandbox until it ends. What of the sandbox itself fails is told on the program's stderr. */
export async function runInSandbox(
  input: SandboxInput,
  options: Omit<ProgramOptions, 'cwd' | 'env' | 'descriptors'>,
): Promise<ProgramResult> {
  const plan = sealedMemfd('tslxc-sandbox', planBytes(sandboxPlan(input)));
  try {
    return await runProgram(installation().executor, ['run'], { ...options, descriptors: [plan] });
  } finally {
    closeSync(plan);
  }
}
