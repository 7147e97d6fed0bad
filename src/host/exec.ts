import { addon } from './addon.ts';

export interface ExecRequest {
  /** Absolute path of the program. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** These become 3, 4, 5 … of the program; it gets nothing else but 0–2. */
  readonly descriptors: readonly number[];
}

/**
 * Replaces this Node process by a program, for work that lasts in the foreground: terminal, process group and job control become the
 * program's own. Signal dispositions and mask are reset, 0–2 are blocking again. Throws Node-like errors, with everything unchanged.
 */
export function replaceProcess(request: ExecRequest): never {
  const env = Object.entries(request.env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return addon().replaceProcess(request.path, request.argv, env, request.descriptors);
}
