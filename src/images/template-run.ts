// One run of a template, and how its end is told. It runs in a sandbox where the container stands at its final path; when this
// process ends, however, nothing of the template is left.

import { realpathSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import type { ProgramResult } from '../host/program.ts';
import { type Build, recordWorker } from '../storage/building.ts';
import { runInSandbox } from '../storage/sandbox.ts';
import type { CreateRequest } from './request.ts';
import { type Template, templateArguments } from './template.ts';

/** Runs the template in its sandbox. Throws TEMPLATE_FAILED with its last word, INTERRUPTED. */
export async function runTemplate(
  request: CreateRequest,
  build: Build,
  template: Template,
  rootfs: string,
): Promise<void> {
  const path = `${request.lxcpath}/${request.name}`;
  const words = templateArguments({ path, name: request.name, rootfs }, request.templateArguments);
  const input = {
    source: realpathSync(build.container),
    target: realpathSync(path),
    directory: request.cwd,
    argv: [template.path, ...words],
    env: request.env,
  };
  const result = await runInSandbox(input, {
    diesWithUs: true,
    stdin: request.output === 'ignore' ? 'ignore' : 'inherit',
    output: request.output,
    onLine: (stream, text) => request.onEvent({ kind: 'output', stream, text }),
    signal: request.signal,
    onStart: pid => recordWorker(build, pid),
  });
  refuseWhenAborted(request.signal);
  // Ctrl-C reaches the template as well, and its end may be seen before our own signal is.
  if (result.signal === 'SIGINT') throw interrupted();
  if (result.exitCode === 0) return;
  throw failure(template, result);
}

/** Our own templates name their cause in their last line, and what can be done; of others we know no more than that they failed. */
function failure(template: Template, result: ProgramResult): TslxcError {
  const how =
    result.startError ??
    (result.signal === undefined ? `exit status ${result.exitCode}` : `killed by ${result.signal}`);
  const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  const own = template.ours ? /^tslxc-[a-z]+: (.*)$/.exec(lastLine)?.[1] : undefined;
  const cause = lastLine === '' ? how : `${lastLine} (${how})`;
  return new TslxcError('TEMPLATE_FAILED', own ?? `template ${template.path} failed: ${cause}`);
}

const SIGNAL_STATUS: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

function interrupted(by = 'SIGINT'): TslxcError {
  return new TslxcError('INTERRUPTED', `interrupted by ${by}; what was made is removed`, {
    exitStatus: SIGNAL_STATUS[by] ?? 1,
  });
}

/** Throws INTERRUPTED once the caller was told to end. */
export function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted(typeof signal.reason === 'string' ? signal.reason : undefined);
}
