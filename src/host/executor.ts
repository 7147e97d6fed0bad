// Runs tslxc-executor and reads what it reports (native/executor/status.h). One status record is a head and a text.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { TslxcError } from '../base/errors.ts';
import { replaceProcess } from './exec.ts';
import { installation } from './installation.ts';

const KINDS = { 1: 'failed', 2: 'running', 3: 'warning', 4: 'hook', 5: 'exited', 6: 'ended' } as const;

export interface StatusRecord {
  readonly kind: (typeof KINDS)[keyof typeof KINDS];
  /** The op that is meant, counted over all segments; -1: none. */
  readonly index: number;
  /** A positive errno, or 0. */
  readonly errno: number;
  readonly value: bigint;
  readonly text: string;
}

export interface ExecutorJob {
  readonly mode: 'launch' | 'run' | 'teardown';
  readonly args?: readonly string[];
  /** Descriptor of the plan, 3 of the executor. */
  readonly plan: number;
  /** Descriptor of the run lock, 5 of the executor. */
  readonly lock?: number;
  /** Its 0, 1 and 2; default: /dev/null, and a session of its own. */
  readonly stdio?: readonly [
    'ignore' | 'inherit' | 'pipe' | number,
    'ignore' | 'inherit' | 'pipe' | number,
    'ignore' | 'inherit' | 'pipe' | number,
  ];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Told of each record as it comes. */
  readonly onRecord?: (record: StatusRecord) => void;
}

export interface RunningExecutor {
  readonly process: ChildProcess;
  /** Resolves when the executor closed its status descriptor: it runs the container, or has ended. */
  readonly status: Promise<readonly StatusRecord[]>;
  /** Resolves when the process ended, with its exit status, or 128 + the signal that ended it. */
  readonly exited: Promise<number>;
}

/** Starts the executor beside this process. Throws INSTALLATION_BROKEN when it can't be run at all. */
export function startExecutor(job: ExecutorJob): RunningExecutor {
  const [stdin, stdout, stderr] = job.stdio ?? ['ignore', 'ignore', 'ignore'];
  const child = spawn(installation().executor, [job.mode, '--status', ...(job.args ?? [])], {
    stdio: [stdin, stdout, stderr, job.plan, 'pipe', job.lock ?? 'ignore'],
    detached: job.stdio === undefined,
    ...(job.env === undefined ? {} : { env: job.env as NodeJS.ProcessEnv }),
    ...(job.cwd === undefined ? {} : { cwd: job.cwd }),
  });
  const failure = new Promise<never>((_, reject) => child.once('error', cause => reject(notRunnable(cause))));
  const exited = new Promise<number>(resolve =>
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signalNumber(signal) ?? 0))),
  );
  // Whichever of the two promises nobody waits for must not end the process.
  failure.catch(() => {});
  const status = readRecords(child.stdio[4] as Readable, job.onRecord);
  return { process: child, status: Promise.race([status, failure]), exited: Promise.race([exited, failure]) };
}

/** Replaces this process by the executor, for work in the foreground; it gets our terminal, signals and job control. */
export function becomeExecutor(
  mode: 'run' | 'launch' | 'console',
  args: readonly string[],
  descriptors: readonly number[],
  env: Readonly<Record<string, string | undefined>>,
): never {
  const { executor } = installation();
  return replaceProcess({ path: executor, argv: [executor, mode, ...args], env, descriptors });
}

/** Asks the executor a question (`probe …`); status 255 when it could not be run. */
export function askExecutor(
  args: readonly string[],
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise(resolve => {
    execFile(installation().executor, args, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ status, stdout, stderr: stderr === '' && error ? error.message : stderr });
    });
  });
}

const HEAD_BYTES = 24;

async function readRecords(
  stream: Readable,
  onRecord?: (record: StatusRecord) => void,
): Promise<StatusRecord[]> {
  const records: StatusRecord[] = [];
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let record = parseRecord(rest); record; record = parseRecord(rest)) {
      rest = rest.subarray(record.bytes);
      records.push(record);
      onRecord?.(record);
    }
  }
  return records;
}

/** The record at the start of the bytes; undefined while it is not whole. Throws on a kind that this version does not know. */
export function parseRecord(bytes: Buffer): (StatusRecord & { readonly bytes: number }) | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const length = bytes.readUInt32LE(12);
  if (bytes.length < HEAD_BYTES + length) return undefined;
  const number = bytes.readUInt32LE(0);
  const kind = KINDS[number as keyof typeof KINDS];
  if (kind === undefined) {
    throw new TslxcError('INSTALLATION_BROKEN', `the executor sent a record of unknown kind ${number}`, {
      hint: 'install tslxc again: its parts are of different versions',
    });
  }
  return {
    kind,
    index: bytes.readInt32LE(4),
    errno: bytes.readInt32LE(8),
    value: bytes.readBigInt64LE(16),
    text: bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + length),
    bytes: HEAD_BYTES + length,
  };
}

function notRunnable(cause: Error): TslxcError {
  return new TslxcError('INSTALLATION_BROKEN', `cannot run ${installation().executor}`, {
    cause,
    hint: 'build it with: npm run build',
  });
}

function signalNumber(signal: NodeJS.Signals | null): number | undefined {
  return signal === null ? undefined : SIGNAL_NUMBERS[signal];
}

/** Those that end an executor. */
const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};
