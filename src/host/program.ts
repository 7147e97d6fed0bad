// Runs a program of the host to its end. Argument lists only: no shell reads what we pass.

export interface ProgramOptions {
  readonly cwd?: string;
  /** The whole environment; default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: 'inherit' | 'ignore';
  /** `lines` (default) calls onLine for each; `inherit` is this process's own descriptors. */
  readonly output?: 'lines' | 'inherit' | 'ignore';
  readonly onLine?: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Kills the program (SIGKILL) when aborted; the result then carries the signal. */
  readonly signal?: AbortSignal;
  /** Its own session: a Ctrl-C on the terminal does not reach it. */
  readonly detached?: boolean;
  /** It is killed when this process ends, however that happens. */
  readonly diesWithUs?: boolean;
  /** What it finds at its descriptors 3 and up. */
  readonly descriptors?: readonly number[];
  /** Called with the pid as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

export interface ProgramResult {
  /** Undefined when it was killed, or could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The last 50 lines of stdout and of stderr (empty unless output is `lines`). */
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started: ENOENT, EACCES; undefined when it was. */
  readonly startError: string | undefined;
}

/** Of what a program prints. */
export const KEPT_LINES = 50;

/** Runs `file` with `args` until it ends; never throws for what the program does. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const output = options.output ?? 'lines';
  const [program, words] = options.diesWithUs ? bound(file, args) : [file, args];
  const piped = output === 'lines' ? 'pipe' : output;
  const { execa } = await import('execa'); // its loading is the longest part of a verb that needs it
  const child = execa(program, words, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
    // execa's types know the descriptors 3 to 9; it takes any.
    stdio: [options.stdin ?? 'ignore', piped, piped, ...((options.descriptors ?? []) as readonly 3[])],
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    killSignal: 'SIGKILL',
    detached: options.detached ?? false,
    cleanup: false, // its signal handlers would end this process before what was begun is undone
    buffer: false,
    reject: false,
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const kept = { stdout: [] as string[], stderr: [] as string[] };
  const read = async (stream: 'stdout' | 'stderr'): Promise<void> => {
    for await (const line of child.iterable({ from: stream })) {
      kept[stream].push(line);
      if (kept[stream].length > KEPT_LINES) kept[stream].shift();
      options.onLine?.(stream, line);
    }
  };
  // A program that is killed or can't be started rejects its iterables; the result says so itself.
  if (output === 'lines') await Promise.allSettled([read('stdout'), read('stderr')]);
  const result = await child;
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: kept.stdout.join('\n'),
    stderr: kept.stderr.join('\n'),
    startError: child.pid === undefined ? (result.code ?? 'unknown error') : undefined,
  };
}

/** After the kernel has been told to kill it with its parent, it looks whether that parent is still us. */
const STILL_OURS = '[ "$PPID" -eq "$1" ] || exit 1; shift; exec "$@"';

function bound(file: string, args: readonly string[]): [string, readonly string[]] {
  const us = String(process.pid);
  return ['setpriv', ['--pdeathsig', 'KILL', '--', 'sh', '-c', STILL_OURS, 'sh', us, file, ...args]];
}
