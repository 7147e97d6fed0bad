// The options that every verb takes (lxc-commands 1.2).

import type { Command, OptionSpec } from './command.ts';

/** Shown under "Common options" in every help text, in LXC's order and words. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  logfile: {
    short: 'o',
    long: 'logfile',
    arg: 'FILE',
    summary: 'Output log to FILE instead of stderr',
    complete: 'file',
  },
  logpriority: {
    short: 'l',
    long: 'logpriority',
    arg: 'LEVEL',
    summary: 'Set log priority to LEVEL',
    complete: ['TRACE', 'DEBUG', 'INFO', 'NOTICE', 'WARN', 'ERROR', 'CRIT', 'ALERT', 'FATAL'],
  },
  quiet: { short: 'q', long: 'quiet', summary: "Don't produce any output" },
  lxcpath: {
    short: 'P',
    long: 'lxcpath',
    arg: 'PATH',
    summary: 'Use specified container path',
    complete: 'directory',
  },
  help: { short: '?', long: 'help', summary: 'Give this help list' },
  usage: { long: 'usage', summary: 'Give a short usage message' },
  version: { long: 'version', summary: 'Print the version number' },
};

/** Common too, but LXC shows them among a verb's own. */
const NAME: OptionSpec = {
  short: 'n',
  long: 'name',
  arg: 'NAME',
  summary: 'NAME of the container',
  complete: 'container',
};
const RCFILE: OptionSpec = {
  long: 'rcfile',
  arg: 'FILE',
  summary: 'Load configuration file FILE',
  complete: 'file',
};

/** For verbs that print a table or fields. */
export const FORMAT_OPTION: OptionSpec = {
  long: 'format',
  arg: 'FORMAT',
  summary: 'Print as json or yaml for programs',
  complete: ['json', 'yaml'],
};

/** -f, in the verbs that word it themselves as LXC's do. */
export const RCFILE_OPTION: OptionSpec = {
  short: 'f',
  long: 'rcfile',
  arg: 'FILE',
  summary: 'Load configuration file FILE',
  complete: 'file',
};

/** For verbs that start something, or show what a start would do. */
export const DEFINE_OPTION: OptionSpec = {
  short: 's',
  long: 'define',
  arg: 'KEY=VAL',
  repeat: true,
  summary: 'Assign VAL to configuration variable KEY',
};

/** What help shows under "Options": the name first, the verb's own, and --rcfile last unless the verb words it itself. */
export function ownOptions(command: Command): Readonly<Record<string, OptionSpec>> {
  if (command.nameFrom === 'none') return command.options;
  return { name: NAME, ...command.options, ...('rcfile' in command.options ? {} : { rcfile: RCFILE }) };
}

/** All that a verb's command line may hold. */
export function allOptions(command: Command): Readonly<Record<string, OptionSpec>> {
  return { name: NAME, rcfile: RCFILE, ...ownOptions(command), ...COMMON_OPTIONS };
}
