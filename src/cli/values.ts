// Arguments of options that are numbers and words of a list, refused in LXC's way.

import { TslxcError } from '../base/errors.ts';
import { makeDirectories } from '../host/directories.ts';

/** A decimal integer with an optional sign. Throws BAD_ARGUMENT naming the option. */
export function integerOption(option: string, value: string): number {
  if (/^[+-]?\d{1,10}$/.test(value)) return Number(value);
  throw badArgument(`${option} wants a whole number, not ${JSON.stringify(value)}`);
}

/** An id inside a container: 0 … 2^32-2. Throws BAD_ARGUMENT. */
export function idOption(option: string, value: string): number {
  const id = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (id < 2 ** 32 - 1) return id;
  throw badArgument(`${option} wants a numeric id, not ${JSON.stringify(value)}`);
}

/** Seconds, as milliseconds; -1 is for ever (undefined). Throws BAD_ARGUMENT. */
export function secondsOption(option: string, value: string): number | undefined {
  const seconds = integerOption(option, value);
  if (seconds < -1) throw badArgument(`Invalid timeout ${seconds}`);
  return seconds === -1 ? undefined : seconds * 1000;
}

/** A failure of the command line itself. */
export function badArgument(message: string, hint?: string): TslxcError {
  return new TslxcError('BAD_ARGUMENT', message, hint === undefined ? {} : { hint });
}

/** Makes a directory that an option names, and returns the first that was missing. Throws BAD_ARGUMENT when it can't be made. */
export function makeOrRefuse(directory: string, mode: number): string | undefined {
  try {
    return makeDirectories(directory, mode);
  } catch (error) {
    throw badArgument(`${directory} can't be made: ${(error as NodeJS.ErrnoException).code}`);
  }
}
