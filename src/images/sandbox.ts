// Runs a template apart from the host: in its own PID namespace, so that nothing of it outlives it, and its own mount namespace,
// where the container that is being built stands at its final path. It dies with this process.

import { type ProgramResult, runProgram } from '../host/program.ts';

export interface SandboxRequest {
  readonly argv: readonly [string, ...string[]];
  /** [directory, where the program sees it]; both must exist. */
  readonly bind: readonly [string, string];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `lines`: by onLine. `inherit`: this process's own descriptors, for a template that may ask. */
  readonly output: 'lines' | 'inherit' | 'ignore';
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  readonly signal: AbortSignal;
  /** Called with the pid of the process that all others of the sandbox die with. */
  readonly onStart: (pid: number) => void;
}

/** $1 is bound on $2, the rest is the program. */
const ENTER = 'umask 022 && mount --bind "$1" "$2" && shift 2 && exec "$@"';

/** Runs a program in a sandbox until it ends. */
export function runInSandbox(request: SandboxRequest): Promise<ProgramResult> {
  const namespaces = ['--mount', '--propagation', 'slave', '--pid', '--mount-proc', '--fork', '--kill-child'];
  const args = ['--pdeathsig', 'KILL', '--', 'unshare', ...namespaces, '--', 'sh', '-c', ENTER, 'sh'];
  return runProgram('setpriv', [...args, ...request.bind, ...request.argv], {
    env: request.env,
    stdin: request.output === 'ignore' ? 'ignore' : 'inherit',
    output: request.output,
    onLine: request.onLine,
    signal: request.signal,
    onStart: request.onStart,
  });
}
