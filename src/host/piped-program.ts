// Programs whose bytes pass through us: what one prints is read as it comes, what another reads is written as it is ready.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface PipedOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Kills the program when aborted. */
  readonly signal?: AbortSignal;
}

export interface PipedEnd {
  /** 128 when a signal ended it. */
  readonly status: number;
  readonly stderr: string;
  /** Why it could not be started: ENOENT, EACCES; undefined when it was. */
  readonly startError: string | undefined;
}

export interface Printing {
  /** Raw bytes of its stdout; to stop early, destroy it. */
  readonly output: Readable;
  readonly ended: Promise<PipedEnd>;
}

/** What is kept of a program's complaints. */
const MOST_COMPLAINT_CHARACTERS = 256 * 1024;

/** Starts `file`, whose output the caller reads. Never throws for what the program does. */
export function startPrinting(file: string, args: readonly string[], options: PipedOptions): Printing {
  const child = spawn(file, args, { ...settings(options), stdio: ['ignore', 'pipe', 'pipe'] });
  // A reader that stops early breaks the pipe; the program's own signal tells it so.
  child.stdout.on('error', () => {});
  return { output: child.stdout, ended: endOf(child) };
}

/** Runs `file` on `input` until it ends. Throws what the input throws, once the program is gone. */
export async function runFed(
  file: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  options: PipedOptions,
): Promise<PipedEnd> {
  const child = spawn(file, args, { ...settings(options), stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = endOf(child);
  try {
    await pipeline(input, child.stdin);
  } catch (error) {
    // It ended before its input did: its status says why.
    if (!isBrokenPipe(error)) {
      child.kill('SIGKILL');
      await ended;
      throw error;
    }
  }
  return await ended;
}

function settings({ env, cwd, signal }: PipedOptions) {
  const given = { env, killSignal: 'SIGKILL' as const, ...(cwd === undefined ? {} : { cwd }) };
  return signal === undefined ? given : { ...given, signal };
}

function endOf(child: ChildProcess): Promise<PipedEnd> {
  let stderr = '';
  let startError: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MOST_COMPLAINT_CHARACTERS) stderr += text;
  });
  return new Promise(resolve => {
    child.once('error', error => {
      if (child.pid === undefined) startError = (error as NodeJS.ErrnoException).code ?? error.message;
    });
    child.once('close', code => resolve({ status: code ?? 128, stderr: stderr.trim(), startError }));
  });
}

function isBrokenPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET'].includes(code);
}
