// Runs a small program of the host and takes all it prints. Without execa, whose loading takes longer than most of these programs.

import { execFile } from 'node:child_process';

export interface ShortResult {
  /** 128 when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started: ENOENT, EACCES; undefined when it was. */
  readonly startError: string | undefined;
}

const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs `file` (looked up in the PATH of `env`) with `args` and no input; never throws for what the program does. */
export function runShort(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ShortResult> {
  return new Promise(resolve => {
    const options = { env, cwd: '/', maxBuffer: MOST_OUTPUT_BYTES };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      const startError = typeof code === 'string' && child.pid === undefined ? code : undefined;
      resolve({ status: typeof code === 'number' ? code : 128, stdout, stderr, startError });
    });
    child.stdin?.end();
  });
}
