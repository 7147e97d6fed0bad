// Runs a plan of kind `run` beside this process and takes what its program prints. Without execa, whose loading takes longer than
// most of these programs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { installation } from './installation.ts';
import { KEPT_LINES, type ProgramOptions, type ProgramResult } from './program.ts';

/** Runs the plan (a descriptor of its bytes) to its end; never throws for what the program does. */
export async function runPlan(
  plan: number,
  options: Omit<ProgramOptions, 'cwd' | 'env' | 'descriptors'>,
): Promise<ProgramResult> {
  const output = options.output ?? 'lines';
  const piped = output === 'lines' ? 'pipe' : output;
  const bond = options.diesWithUs ? ['--parent', String(process.pid)] : [];
  const child = spawn(installation().executor, ['run', ...bond], {
    stdio: [options.stdin ?? 'ignore', piped, piped, plan],
    detached: options.detached ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
  });
  const ended = endOf(child);
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const [stdout, stderr, end] = await Promise.all([
    linesOf(child.stdout, line => options.onLine?.('stdout', line)),
    linesOf(child.stderr, line => options.onLine?.('stderr', line)),
    ended,
  ]);
  return { ...end, stdout, stderr };
}

async function endOf(
  child: ChildProcess,
): Promise<Pick<ProgramResult, 'exitCode' | 'signal' | 'startError'>> {
  let startError: string | undefined;
  // An abort is an `error` too; the end by its signal says so.
  child.on('error', error => {
    if (child.pid === undefined) startError = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  });
  const [code, signal] = (await new Promise(resolve => {
    child.once('close', (...end) => resolve(end));
  })) as [number | null, string | null];
  const exitCode = startError === undefined ? (code ?? undefined) : undefined;
  return { exitCode, signal: signal ?? undefined, startError };
}

/** The last lines of a stream, each told as it comes. */
async function linesOf(stream: Readable | null, onLine: (line: string) => void): Promise<string> {
  if (stream === null) return '';
  const kept: string[] = [];
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  reader.on('line', line => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    onLine(line);
  });
  await once(reader, 'close');
  return kept.join('\n');
}
