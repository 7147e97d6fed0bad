// What a create shows: one line that changes on a terminal, plain lines elsewhere, events for programs.

import type { TslxcError } from '../../base/errors.ts';
import type { Log } from '../../host/log.ts';
import type { CreateEvent } from '../../images/create.ts';
import type { Invocation, ParsedArguments } from '../command.ts';
import { type CreateDisplay, passwordLine, tells } from './create-lines.ts';
import { changingLine } from './create-terminal.ts';
import { Pace } from './pace.ts';

/**
 * Chooses by --format and by what stderr is. -q shows nothing but errors. `shared`: a foreign template writes to the terminal by
 * itself, so no line may change there.
 */
export function createDisplay(
  invocation: Invocation,
  args: ParsedArguments,
  { log, shared }: { readonly log: Log; readonly shared: boolean },
): CreateDisplay {
  const nothing = () => {};
  if (args.values['format'] === 'json') return eventLines(invocation);
  if (args.flags['quiet']) return { event: nothing, failed: nothing, end: nothing, created: nothing };
  const write = (event: CreateEvent) => {
    if (event.kind !== 'password' && 'text' in event) log.write('INFO', 'create', event.text);
  };
  return invocation.isTTY.stderr && !shared ? changingLine(invocation, write) : plainLines(invocation, write);
}

function eventLines({ stdout }: Invocation): CreateDisplay {
  const tell = (event: object) => stdout.write(`${JSON.stringify(event)}\n`);
  return {
    event: (name, event) => tell(asData(name, event)),
    failed: ({ code, message, hint }, name) =>
      tell({ event: 'failed', ...(name !== '' && { name }), code, message, hint }),
    end: () => {},
    created: container => tell({ event: 'created', ...container }),
  };
}

/** Programs read the password from its file: their output is often kept. */
function asData(name: string, event: CreateEvent): object {
  const head = { event: event.kind, ...(name !== '' && { name }) };
  if (event.kind === 'password') return { ...head, file: event.file };
  if (event.kind === 'progress') {
    const { what, unit, done, total = null } = event;
    return { ...head, what, unit, done, total };
  }
  const { kind: _, ...rest } = event;
  return { ...head, ...rest };
}

/** A log is no place for a line each second. */
const PROGRESS_EVERY_MS = 10_000;

function plainLines(
  { program, flavour, stdout, stderr }: Invocation,
  log: (event: CreateEvent) => void,
): CreateDisplay {
  // The last line waits: when the template fails, it is the cause, which is told once, at the end.
  let waiting: Extract<CreateEvent, { kind: 'output' }> | undefined;
  const flush = () => {
    if (waiting) (waiting.stream === 'stdout' ? stdout : stderr).write(`${waiting.text}\n`);
    waiting = undefined;
  };
  let pace = new Pace();
  let told = performance.now();
  const progress = (name: string, event: Extract<CreateEvent, { kind: 'progress' }>) => {
    const now = performance.now();
    pace.update(event, now);
    // LXC prints nothing but what the template prints; and what was printed already is not told again.
    if (flavour === 'lxc' || event.said || now - told < PROGRESS_EVERY_MS) return;
    told = now;
    flush();
    stderr.write(`${program}: ${name === '' ? '' : `${name}: `}${pace.text()}\n`);
  };
  const event = (name: string, event: CreateEvent) => {
    log(event);
    if (event.kind === 'progress') return progress(name, event);
    if (event.kind === 'step-begins' || event.kind === 'step-ends') {
      pace = new Pace();
      return;
    }
    flush();
    if (event.kind === 'output') waiting = event;
    else if (event.kind === 'password') stderr.write(passwordLine(name, event));
    else if (event.kind === 'question') stderr.write(`${event.text}\n`);
    else stderr.write(`${program}: ${name}: ${event.text}\n`);
  };
  const failed = (error: TslxcError) => {
    if (waiting && tells(error, waiting.text)) waiting = undefined;
  };
  return { event, failed, end: flush, created: () => {} };
}
