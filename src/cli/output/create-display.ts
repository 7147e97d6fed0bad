// What a create shows: one line that changes on a terminal, plain lines elsewhere, events for programs.

import { stripVTControlCharacters } from 'node:util';
import type { TslxcError } from '../../base/errors.ts';
import type { Log } from '../../host/log.ts';
import type { CreateEvent } from '../../images/create.ts';
import type { Invocation, ParsedArguments } from '../command.ts';

export interface CreateDisplay {
  readonly event: (event: CreateEvent) => void;
  readonly failed: (error: TslxcError) => void;
  /** Takes the changing line away. */
  readonly end: () => void;
  readonly created: (container: { name: string; lxcpath: string; path: string }) => void;
}

/** Lines of a template that a terminal shows again when it failed. */
const LAST_LINES = 12;

/** Chooses by --format and by what stderr is. -q shows nothing but errors. */
export function createDisplay(invocation: Invocation, args: ParsedArguments, log: Log): CreateDisplay {
  if (args.values['format'] === 'json') return eventLines(invocation);
  if (args.flags['quiet']) return { event: () => {}, failed: () => {}, end: () => {}, created: () => {} };
  return invocation.isTTY.stderr ? oneLine(invocation, args, log) : plainLines(invocation, args, log);
}

function eventLines({ stdout }: Invocation): CreateDisplay {
  const tell = (event: object) => stdout.write(`${JSON.stringify(event)}\n`);
  return {
    event: event => tell(withoutSecret(event)),
    failed: ({ code, message, hint }) => tell({ event: 'failed', code, message, hint }),
    end: () => {},
    created: container => tell({ event: 'created', ...container }),
  };
}

/** Programs read the password from its file: their output is often kept. */
function withoutSecret(event: CreateEvent): object {
  if (event.kind === 'password') return { event: 'password', file: event.file };
  const { kind, ...rest } = event;
  return { event: kind, ...rest };
}

function passwordLine(event: Extract<CreateEvent, { kind: 'password' }>): string {
  return `root's password: ${event.text} (kept in ${event.file})\n`;
}

function plainLines(
  { program, stdout, stderr }: Invocation,
  { name }: ParsedArguments,
  log: Log,
): CreateDisplay {
  // The last line waits: when the template fails, it is the cause, which is told once, at the end.
  let waiting: CreateEvent | undefined;
  const flush = () => {
    if (waiting?.kind === 'notice') stderr.write(`${program}: ${name}: ${waiting.text}\n`);
    else if (waiting?.kind === 'password') stderr.write(passwordLine(waiting));
    else if (waiting) (waiting.stream === 'stdout' ? stdout : stderr).write(`${waiting.text}\n`);
    waiting = undefined;
  };
  const event = (event: CreateEvent) => {
    if (event.kind !== 'password') log.write('INFO', 'create', event.text);
    flush();
    waiting = event;
  };
  const failed = (error: TslxcError) => {
    if (waiting && tells(error, waiting.text)) waiting = undefined;
  };
  return { event, failed, end: flush, created: () => {} };
}

/** Whether the error holds what a template printed, with or without the template's name before it. */
function tells(error: TslxcError, text: string): boolean {
  return error.message.includes(text.replace(/^tslxc-[a-z]+: /, ''));
}

/** On a terminal the template's lines pass by in one place. */
function oneLine(
  { program, stderr, columns }: Invocation,
  { name }: ParsedArguments,
  log: Log,
): CreateDisplay {
  const last: string[] = [];
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
  };
  const event = (event: CreateEvent) => {
    if (event.kind === 'password') {
      clear();
      stderr.write(passwordLine(event));
      return;
    }
    log.write('INFO', 'create', event.text);
    if (event.kind === 'notice') {
      clear();
      stderr.write(`${program}: ${name}: ${event.text}\n`);
      return;
    }
    // A template's escape sequences could move the cursor anywhere.
    const text = stripVTControlCharacters(event.text)
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim();
    if (text === '') return;
    last.push(text);
    if (last.length > LAST_LINES) last.shift();
    stderr.write(`\r\x1b[K${`${name}: ${text}`.slice(0, columns - 1)}`);
    shown = true;
  };
  const failed = (error: TslxcError) => {
    clear();
    for (const text of last) if (!tells(error, text)) stderr.write(`  ${text}\n`);
  };
  return { event, failed, end: clear, created: () => {} };
}
