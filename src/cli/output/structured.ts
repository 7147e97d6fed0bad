// The --format option: the same data for programs.

import { TslxcError } from '../../base/errors.ts';
import type { ParsedArguments } from '../command.ts';

export type Format = 'json' | 'yaml';

/** The format that was asked for, or undefined for the text form. Throws on another word. */
export function formatOf(args: ParsedArguments): Format | undefined {
  const word = args.values['format'];
  if (word === undefined || word === 'json' || word === 'yaml') return word;
  throw new TslxcError('BAD_ARGUMENT', `unknown format ${word}`, {
    hint: 'use --format json or --format yaml',
  });
}

/** The whole document, with its final newline. */
export async function structured(data: unknown, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(data, null, 2)}\n`;
  const { stringify } = await import('./yaml.ts');
  return stringify(data);
}
