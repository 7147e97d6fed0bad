// A program of the host that bytes are streamed into, or out of, or both.

import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface StreamProgram {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Its end: whether its status was 0, and what it said last on stderr (or why it could not be run). Never rejects. */
  readonly ended: Promise<{ readonly ok: boolean; readonly text: string }>;
  /** Ends it at once. */
  kill(): void;
}

export interface StreamOptions {
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

const KEPT_CHARACTERS = 4096;

/** Starts `file` with pipes at its descriptors 0, 1 and 2. Whoever starts it awaits `ended`. */
export function streamProgram(file: string, args: readonly string[], options: StreamOptions): StreamProgram {
  const child = spawn(file, args, { cwd: options.cwd ?? '/', env: options.env, stdio: 'pipe' });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-KEPT_CHARACTERS);
  });
  // A program that ends early tells why by its status; the broken pipe is no news.
  child.stdin.on('error', () => {});
  child.stdout.on('error', () => {});
  const ended = new Promise<{ ok: boolean; text: string }>(resolve => {
    child.once('error', error => resolve({ ok: false, text: error.message }));
    child.once('close', code => resolve({ ok: code === 0, text: text.trim() }));
  });
  return { stdin: child.stdin, stdout: child.stdout, ended, kill: () => child.kill('SIGKILL') };
}
