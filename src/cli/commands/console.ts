import { connectConsole } from '../../runtime/console.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { badArgument, integerOption } from '../values.ts';

export const command: Command = {
  name: 'console',
  summary: "Connect the terminal to a container's console or tty",
  synopsis: '--name=NAME [--tty NUMBER]',
  description: 'Log on to the container with the identifier NAME',
  nameFrom: 'option-or-positional',
  options: {
    tty: {
      short: 't',
      long: 'tty',
      arg: 'NUMBER',
      summary: 'console tty number (0: /dev/console, default: the first free)',
    },
    escape: {
      short: 'e',
      long: 'escape',
      arg: 'PREFIX',
      summary: 'prefix for escape command (a letter, default: ^a)',
    },
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const tty = integerOption('--tty', args.values['tty'] ?? '-1');
  const escapeCharacter = escapeByte(args.values['escape'] ?? 'a');
  const place = await placeFor(invocation, args);
  return connectConsole(place, { tty, escape: escapeCharacter, env: invocation.env });
}

/** Ctrl and that letter: `a` and `^a` are 1. */
function escapeByte(prefix: string): number {
  const letter = /^\^?([a-z])$/i.exec(prefix)?.[1];
  if (letter === undefined)
    throw badArgument(`invalid escape prefix ${JSON.stringify(prefix)}`, 'use one letter, as in -e b');
  return letter.toLowerCase().charCodeAt(0) - 'a'.charCodeAt(0) + 1;
}
