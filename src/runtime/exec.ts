// A command inside a running container beside this process: its streams are pipes, or are captured.

import { closeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { type RunningExecutor, startExecutor } from '../host/executor.ts';
import { sealedMemfd } from '../host/memfd.ts';
import { planBytes } from '../plan/bytes.ts';
import type { Plan } from '../plan/model.ts';
import { type AttachRequest, planAttach } from './attach.ts';
import { failureOf } from './failures.ts';
import type { Place } from './place.ts';

export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Resolves with the exit status (128 + the signal that ended it) when the command has ended. Rejects with a TslxcError when
   * it could not be run: EXEC_FAILED with errno and command in its words.
   */
  readonly exited: Promise<number>;
  /** Ends the command: SIGTERM to the process that carries it, which passes it on. */
  kill(signal?: NodeJS.Signals): void;
}

/** Starts the command with pipes for its 0, 1 and 2. Throws NOT_RUNNING, HELD_BY_LXC, CANNOT_START. */
export async function startInside(place: Place, request: AttachRequest): Promise<RunningCommand> {
  const plan = await planAttach(place, request);
  const memfd = sealedMemfd('tslxc-plan', planBytes(plan));
  try {
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    return asCommand(plan, startExecutor({ mode: 'run', plan: memfd, stdio, cwd: '/', env: request.env }));
  } finally {
    closeSync(memfd);
  }
}

function asCommand(plan: Plan, executor: RunningExecutor): RunningCommand {
  const { stdin, stdout, stderr } = executor.process;
  return {
    stdin: stdin as Writable,
    stdout: stdout as Readable,
    stderr: stderr as Readable,
    exited: exitOf(plan, executor),
    kill: (signal = 'SIGTERM') => void executor.process.kill(signal),
  };
}

async function exitOf(plan: Plan, executor: RunningExecutor): Promise<number> {
  const [records, status] = await Promise.all([executor.status, executor.exited]);
  const failed = records.find(({ kind }) => kind === 'failed');
  if (failed) throw failureOf(plan, failed, 'EXEC_FAILED');
  return status;
}

export interface CapturedCommand {
  /** Exit status; 128 + signal. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs the command to its end with `input` on its stdin, and keeps what it wrote. Throws as startInside and `exited` do. */
export async function runInside(
  place: Place,
  request: AttachRequest,
  input: string | Uint8Array = '',
): Promise<CapturedCommand> {
  const command = await startInside(place, request);
  // A command that ends without reading its input is no failure of ours.
  command.stdin.on('error', () => {});
  command.stdin.end(input);
  const [stdout, stderr, status] = await Promise.all([
    wholeOf(command.stdout),
    wholeOf(command.stderr),
    command.exited,
  ]);
  return { status, stdout, stderr };
}

async function wholeOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
