// One run of a template, or of one phase of it (templates/engine.sh), and how its end is told. It runs in a sandbox where what it
// makes stands at its final path; when this process ends, however, nothing of the template is left.

import { TslxcError } from '../base/errors.ts';
import { type ProgramResult, runProgram } from '../host/program.ts';
import type { SandboxOverlay } from '../plan/sandbox.ts';
import { runInSandbox } from '../storage/sandbox.ts';
import { eventsOfLine } from './output-events.ts';
import type { CreateRequest } from './request.ts';
import type { Template } from './template.ts';
import type { TemplateNamespace } from './user-namespace.ts';

/** What of a request reaches the template. */
export type TemplateCaller = Pick<
  CreateRequest,
  'templateArguments' | 'env' | 'cwd' | 'output' | 'signal' | 'onEvent'
>;

export interface TemplateRun {
  /** A directory, and where the template sees it; both without links. */
  readonly source: string;
  readonly target: string;
  /** --path, --rootfs and their like; the user's own words follow. */
  readonly words: readonly string[];
  readonly overlay?: SandboxOverlay;
  /** Absent: it runs as root of the host. */
  readonly namespace?: TemplateNamespace;
  /** Variables beside the caller's. */
  readonly env: Readonly<Record<string, string>>;
  readonly onStart: (pid: number) => void;
}

/** Runs the template in its sandbox. Throws TEMPLATE_FAILED with its last word, INTERRUPTED. */
export async function runTemplate(
  caller: TemplateCaller,
  template: Template,
  run: TemplateRun,
): Promise<void> {
  const { source, target, overlay, namespace } = run;
  const input = {
    source,
    target,
    directory: caller.cwd,
    ...(overlay === undefined ? {} : { overlay }),
    ...(namespace === undefined ? {} : { ids: namespace.ids }),
    argv: [template.path, ...run.words, ...caller.templateArguments, ...(namespace?.words ?? [])],
    env: { ...caller.env, ...run.env, ...eventsEnvironment(caller) },
  };
  const result = await runInSandbox(input, { ...programOptions(caller), onStart: run.onStart });
  throwUnlessDone(caller, template, result);
}

/** What the template's phase `look` prints: KEY VALUE lines. Makes nothing; its other words are told as events. */
export async function lookWithTemplate(
  caller: TemplateCaller,
  template: Template,
  env: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const facts: Record<string, string> = {};
  const result = await runProgram(template.path, ['--phase=look', ...caller.templateArguments], {
    ...programOptions(caller),
    output: 'lines',
    cwd: caller.cwd,
    env: { ...caller.env, ...env, ...eventsEnvironment(caller) },
    onLine: (stream, text) => {
      const fact = /^([a-z]+) (.*)$/.exec(text);
      if (stream === 'stdout' && fact?.[1] && fact[2] !== undefined) facts[fact[1]] = fact[2];
      else for (const event of eventsOfLine(stream, text)) caller.onEvent(event);
    },
  });
  throwUnlessDone(caller, template, result);
  return facts;
}

/** Tells the template that lines of tslxc's own (progress, questions) are understood. */
function eventsEnvironment({ output }: TemplateCaller): Readonly<Record<string, string | undefined>> {
  return { TSLXC_EVENTS: output === 'lines' ? '1' : undefined };
}

function programOptions({ output, signal, onEvent }: TemplateCaller) {
  return {
    diesWithUs: true,
    stdin: output === 'ignore' ? 'ignore' : 'inherit',
    output,
    onLine: (stream: 'stdout' | 'stderr', text: string) => eventsOfLine(stream, text).forEach(onEvent),
    signal,
  } as const;
}

function throwUnlessDone({ signal }: TemplateCaller, template: Template, result: ProgramResult): void {
  refuseWhenAborted(signal);
  // Ctrl-C reaches the template as well, and its end may be seen before our own signal is.
  if (result.signal === 'SIGINT') throw interrupted();
  if (result.exitCode !== 0) throw failure(template, result);
}

/** Our own templates name their cause in their last line, and what can be done; of others we know no more than that they failed. */
function failure(template: Template, result: ProgramResult): TslxcError {
  const how =
    result.startError ??
    (result.signal === undefined ? `exit status ${result.exitCode}` : `killed by ${result.signal}`);
  const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  const own = template.ours ? /^tslxc-[a-z]+: (.*)$/.exec(lastLine)?.[1] : undefined;
  const cause = lastLine === '' ? how : `${lastLine} (${how})`;
  const isFull = /No space left on device/i.test(lastLine);
  return new TslxcError('TEMPLATE_FAILED', own ?? `template ${template.path} failed: ${cause}`, {
    ...(isFull && { hint: 'make room on that filesystem' }),
  });
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
