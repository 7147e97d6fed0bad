// How a failure reaches the user: cause first, in one line, with file and line where a config line is to blame; then the hint.

import { describeOrigin, type Origin, TslxcError } from '../base/errors.ts';
import { ConfigError } from '../config/problem.ts';
import type { Log } from '../host/log.ts';
import type { Invocation, ParsedArguments } from './command.ts';

/** Tells the failure on stderr (unless -q) and in the log; returns the exit status that goes with it. */
export function report(error: TslxcError, invocation: Invocation, args: ParsedArguments, log?: Log): number {
  for (const problem of problemsOf(error)) {
    const cause = causeLine(problem, args.name);
    log?.write('ERROR', 'tslxc', cause);
    if (args.flags['quiet']) continue;
    invocation.stderr.write(`${invocation.program}: ${prefixName(cause, args.name)}\n`);
    if (problem.hint !== undefined) invocation.stderr.write(`  hint: ${problem.hint}\n`);
  }
  return error.exitStatus;
}

/** The problems of a config are told one by one, each at its place; any other failure is told alone. */
function problemsOf(error: TslxcError): readonly TslxcError[] {
  if (!(error instanceof ConfigError)) return [error];
  return error.problems.map(
    ({ file, line, column, message, hint }) =>
      new TslxcError(error.code, message, {
        origin: { file, line, column },
        ...(hint === undefined ? {} : { hint }),
      }),
  );
}

/** `c1: cause`, but `c1 is not running` stays as it is: scripts match on those words. */
export function prefixName(cause: string, wanted: string): string {
  const name = wanted.replaceAll(/\p{Cc}/gu, '?'); // what was typed or piped must not steer the terminal
  return name === '' || cause.startsWith(`${name} `) || cause.startsWith(`${name}:`)
    ? cause
    : `${name}: ${cause}`;
}

/** `lxc.mount.entry (config:37): no such directory` where a key is to blame, else the place behind the message. */
function causeLine(error: TslxcError, name: string): string {
  const message = error.message.replaceAll(/\s*\n\s*/g, ' ');
  const origin = error.origin && 'file' in error.origin ? error.origin : undefined;
  const place = origin && shortOrigin(origin, name);
  if (origin === undefined || place === undefined || message.includes(place)) return message;
  const key = origin.key;
  return key !== undefined && message.startsWith(`${key}: `)
    ? `${key} (${place})${message.slice(key.length)}`
    : `${message} (${place})`;
}

/** `config:37` for the container's own config, the whole path for any other file. */
export function shortOrigin(origin: Origin, name: string): string {
  const place = describeOrigin(origin);
  const own = 'file' in origin && name !== '' && origin.file.endsWith(`/${name}/config`);
  return own ? place.slice(place.lastIndexOf('/') + 1) : place;
}
