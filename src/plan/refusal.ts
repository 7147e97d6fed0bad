// Starts that cannot be: one sentence about the cause, with the config line to blame.

import { type Origin, TslxcError } from '../base/errors.ts';

/** A key that is understood but not yet carried out. */
export function notCarriedOut(what: string, origin: Origin, hint?: string): TslxcError {
  return new TslxcError('NOT_CARRIED_OUT', `${what} is not carried out yet`, {
    origin,
    hint: hint ?? 'remove the line, or use LXC for this container',
  });
}

/** A config that contradicts itself, or this host. */
export function cannotStart(message: string, origin: Origin, hint?: string): TslxcError {
  return new TslxcError('CANNOT_START', message, { origin, ...(hint === undefined ? {} : { hint }) });
}
