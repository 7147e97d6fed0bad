// Manual pages (man(7)) from the declarations of the verbs.

import type { Command, OptionSpec } from './command.ts';
import { COMMON_OPTIONS, ownOptions } from './options.ts';

/** The page `tslxc-<verb>.1` or `lxc-<verb>.1`, for that program name and version. */
export function manualPage(command: Command, program: string, version: string): string {
  const own = Object.values(ownOptions(command)).filter(option => !option.hidden);
  return [
    `.TH ${quoted(program.toUpperCase())} 1 "" ${quoted(`tslxc ${version}`)} "System containers"`,
    '.SH NAME',
    `${text(program)} \\- ${text(lowerFirst(command.summary))}`,
    '.SH SYNOPSIS',
    `.B ${text(program)}`,
    text(command.synopsis),
    '.SH DESCRIPTION',
    ...paragraphs(command.description),
    '.SH OPTIONS',
    ...own.flatMap(option),
    '.SS Common options',
    ...Object.values(COMMON_OPTIONS).flatMap(option),
    '.SH EXIT STATUS',
    '0 when it was done; 1 when it failed, and one line on standard error says why.',
    '.SH FILES',
    ...FILES.flatMap(([file, what]) => ['.TP', `.I ${text(file)}`, text(what)]),
    '.SH SEE ALSO',
    '.BR tslxc (1)',
    '',
  ].join('\n');
}

/** The page `tslxc.1`: which verbs there are. */
export function overviewPage(verbs: readonly { name: string; summary: string }[], version: string): string {
  return [
    `.TH TSLXC 1 "" ${quoted(`tslxc ${version}`)} "System containers"`,
    '.SH NAME',
    'tslxc \\- system containers for Linux',
    '.SH SYNOPSIS',
    '.B tslxc',
    text('VERB [OPTION...]'),
    '.SH DESCRIPTION',
    text(
      "Each verb is also a program of its own, tslxc-VERB. Its options are LXC's, and so is the config it reads.",
    ),
    '.SH VERBS',
    ...verbs.flatMap(({ name, summary }) => ['.TP', `.BR tslxc-${text(name)} (1)`, text(summary)]),
    '.SH FILES',
    ...FILES.flatMap(([file, what]) => ['.TP', `.I ${text(file)}`, text(what)]),
    '',
  ].join('\n');
}

const FILES: readonly (readonly [string, string])[] = [
  ['/etc/tslxc/tslxc.yaml', "tslxc's own settings"],
  ['/etc/tslxc/default.conf', 'what every new container starts with'],
  ['/var/lib/tslxc/NAME/config', "a container's configuration, in LXC's format"],
];

function option(spec: OptionSpec): string[] {
  const argument = spec.arg?.startsWith('[') ? spec.arg.slice(1, -1) : spec.arg;
  const glued = spec.arg?.startsWith('[') === true;
  const shorts = spec.short === undefined ? [] : [`\\fB\\-${text(spec.short)}\\fR`];
  const long = spec.long === undefined ? [] : [`\\fB\\-\\-${text(spec.long)}\\fR`];
  const equals =
    argument === undefined ? '' : glued ? `[=\\fI${text(argument)}\\fR]` : `=\\fI${text(argument)}\\fR`;
  const names = [...shorts, ...long].join(', ');
  return [
    '.TP',
    `${names}${long.length > 0 ? equals : ` \\fI${text(argument ?? '')}\\fR`}`,
    text(spec.summary),
  ];
}

const paragraphs = (description: string): string[] =>
  description
    .split(/\n{2,}/)
    .flatMap((paragraph, index) => (index === 0 ? [text(paragraph)] : ['.PP', text(paragraph)]));

/** Characters that roff would take for its own, at the start of a line too. */
const text = (words: string): string =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const quoted = (words: string): string => `"${text(words).replaceAll('"', '\\(dq')}"`;
const lowerFirst = (words: string): string => words.charAt(0).toLowerCase() + words.slice(1);
