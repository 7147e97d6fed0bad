// Help and usage texts, laid out as LXC's are (lxc-commands 1.2).

import type { Command, OptionSpec } from './command.ts';
import { COMMON_OPTIONS, ownOptions } from './options.ts';

/** The text of --help, with its final blank line. */
export function help(command: Command, program: string): string {
  return [
    `Usage: ${program} ${command.synopsis}`,
    '',
    command.description,
    '',
    'Options :',
    ...optionLines(ownOptions(command)),
    '',
    'Common options :',
    ...optionLines(commonBeside(command)),
    '',
    'Mandatory or optional arguments to long options are also mandatory or optional',
    'for any corresponding short options.',
    '',
    `See the ${program} man page for further information.`,
    '',
    '',
  ].join('\n');
}

/** The common options without the letters that the verb uses for its own. */
function commonBeside(command: Command): Readonly<Record<string, OptionSpec>> {
  const taken = Object.values(command.options).map(option => option.short);
  const beside = Object.entries(COMMON_OPTIONS).map(([key, option]) => {
    const { short, ...rest } = option;
    return [key, short !== undefined && taken.includes(short) ? rest : option];
  });
  return Object.fromEntries(beside);
}

/** The text of --usage: every option in brackets, four a line. */
export function usage(command: Command, program: string): string {
  const { name, rcfile, ...own } = ownOptions(command);
  const {
    help: helpOption,
    usage: usageOption,
    version,
    quiet,
    logfile,
    logpriority,
    lxcpath,
  } = COMMON_OPTIONS;
  const order = [
    ...Object.values(own),
    name,
    helpOption && { ...helpOption, short: 'h' },
    helpOption,
    usageOption,
    version,
    quiet,
    logfile,
    logpriority,
    lxcpath,
    rcfile,
  ];
  const words = order
    .filter(option => option !== undefined && !option.hidden)
    .map(option => bracketed(option as OptionSpec));
  const lines: string[] = [];
  for (let at = 0; at < words.length; at += 4) lines.push(`${words.slice(at, at + 4).join(' ')} `);
  return `Usage: ${program} ${lines.join('\n\t')}\n`;
}

function bracketed(option: OptionSpec): string {
  const names = [option.short && `-${option.short}`, option.long && `--${option.long}`]
    .filter(Boolean)
    .join('|');
  return option.arg === undefined ? `[${names}]` : `[${names}=${(option.long ?? option.arg).toUpperCase()}]`;
}

/** Left column as wide as the longest name up to this; longer ones get a line of their own. */
const WIDEST_LEFT = 34;

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const shown = Object.values(options).filter(option => !option.hidden);
  const lefts = shown.map(leftColumn);
  const width = Math.max(...lefts.map(left => left.length).filter(length => length <= WIDEST_LEFT)) + 1;
  return shown.flatMap((option, index) => {
    const left = lefts[index] as string;
    const summary = option.summary.split('\n');
    const lines = summary.map((line, at) => `${(at === 0 ? left : '').padEnd(width)}${line}`);
    return left.length < width ? lines : [left, ...summary.map(line => `${' '.repeat(width)}${line}`)];
  });
}

function leftColumn(option: OptionSpec): string {
  const short =
    option.short === undefined ? '    ' : `-${option.short}${option.long === undefined ? '' : ', '}`;
  if (option.long === undefined) return `  ${short}`;
  if (option.arg === undefined) return `  ${short}--${option.long}`;
  const optional = option.arg.startsWith('[');
  return `  ${short}--${option.long}${optional ? `[=${option.arg.slice(1, -1)}]` : `=${option.arg}`}`;
}
