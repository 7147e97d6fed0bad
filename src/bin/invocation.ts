// The process as an Invocation. The only place that touches process.*; nothing is opened before it is looked at.

import { createReadStream, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { Invocation } from '../cli/command.ts';

/** Which verb was called, under which name, and whose defaults apply. */
export interface Called {
  readonly verb: string | undefined;
  readonly program: string;
  readonly flavour: 'tslxc' | 'lxc';
  readonly argv: readonly string[];
}

/** `tslxc-start …`, `lxc-start …`, `tslxc start …` or `lxc start …`. */
export function whatWasCalled(script: string, words: readonly string[]): Called {
  const own = basename(script).replace(/\.(c|m)?js$/, '');
  const match = /^(tslxc|lxc)(?:-(.+))?$/.exec(own);
  const flavour = match?.[1] === 'lxc' ? 'lxc' : 'tslxc';
  if (match?.[2] !== undefined) return { verb: match[2], program: own, flavour, argv: words };
  const [verb, ...argv] = words;
  if (verb === undefined || verb.startsWith('-'))
    return { verb: undefined, program: flavour, flavour, argv: words };
  return { verb, program: `${flavour}-${verb}`, flavour, argv };
}

/**
 * The program that TSLXC_EXECUTOR names instead of the installation's, for tests. Not heeded where the environment is the choice
 * of somebody with fewer rights than the process has (setuid, setgid).
 */
export function executorOf(
  env: Readonly<Record<string, string | undefined>>,
  ids: readonly (number | undefined)[] = [
    process.getuid?.(),
    process.geteuid?.(),
    process.getgid?.(),
    process.getegid?.(),
  ],
): string | undefined {
  const [uid, effectiveUid, gid, effectiveGid] = ids;
  const { TSLXC_EXECUTOR: file } = env;
  return file?.startsWith('/') && uid === effectiveUid && gid === effectiveGid ? file : undefined;
}

/** Node's own streams would make pipes non-blocking for everyone who shares them, so descriptors are written directly. */
export function invocationOf(called: Called): Invocation {
  let stdin: Readable | undefined;
  let signal: AbortSignal | undefined;
  return {
    program: called.program,
    flavour: called.flavour,
    argv: called.argv,
    env: process.env,
    cwd: process.cwd(),
    uid: process.geteuid?.() ?? 0,
    get stdin() {
      stdin ??= createReadStream('', { fd: 0, autoClose: false });
      return stdin;
    },
    stdout: descriptorStream(1),
    stderr: descriptorStream(2),
    get isTTY() {
      return { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) };
    },
    get columns() {
      return isatty(1) ? process.stdout.columns || 80 : 80;
    },
    get umask() {
      return process.umask();
    },
    terminal() {
      return { input: process.stdin, output: process.stderr };
    },
    get signal() {
      signal ??= abortOnSignals();
      return signal;
    },
  };
}

function descriptorStream(fd: number): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        writeWhole(fd, chunk);
      } catch (error) {
        // The reader has gone (`tslxc-ls | head -1`): nothing is left to say to it.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') return done(error as Error);
      }
      done();
    },
  });
}

/** Writes all of it, waiting where the other side made the descriptor non-blocking and is slow. */
function writeWhole(fd: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) {
    try {
      at += writeSync(fd, chunk, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => controller.abort(name));
  return controller.signal;
}
