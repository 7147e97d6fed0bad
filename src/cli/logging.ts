// Where a verb's log goes (lxc-commands 1.3): -o FILE, or with -l alone LXC's default file.

import { LOG_LEVELS, type LogLevel } from '../base/log-levels.ts';
import { Log } from '../host/log.ts';
import type { Invocation, ParsedArguments } from './command.ts';

/** Opens the log that the options ask for; without -o and -l nothing is written. */
export function openLog(invocation: Invocation, args: ParsedArguments): Log {
  const word = args.values['logpriority']?.toUpperCase();
  // An unknown word is LXC's default level, silently, as in LXC.
  const level: LogLevel = LOG_LEVELS.find(known => known === word) ?? 'ERROR';
  const file = args.values['logfile'] ?? (word === undefined ? undefined : defaultFile(invocation, args));
  return Log.open({
    level,
    program: invocation.program,
    name: args.name,
    ...(file === undefined ? {} : { file }),
  });
}

function defaultFile(invocation: Invocation, args: ParsedArguments): string | undefined {
  if (args.name === '') return undefined;
  const lxcpath = args.values['lxcpath'];
  if (lxcpath !== undefined) return `${lxcpath}/${args.name}/${args.name}.log`;
  if (invocation.uid === 0) return `/var/log/${invocation.flavour}/${args.name}.log`;
  const home = invocation.env['HOME'] ?? '/';
  return `${home}/.local/share/${invocation.flavour}/${args.name}/${args.name}.log`;
}
