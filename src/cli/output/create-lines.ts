// What every display of a create has.

import type { TslxcError } from '../../base/errors.ts';
import type { CreateEvent } from '../../images/create.ts';

/** Told of everything with the container's name: one command may make many. */
export interface CreateDisplay {
  readonly event: (name: string, event: CreateEvent) => void;
  readonly failed: (error: TslxcError, name: string) => void;
  readonly created: (container: { name: string; lxcpath: string; path: string }) => void;
  /** Takes the changing line away. */
  readonly end: () => void;
}

/** What stays on a terminal or in a log, once. */
export function passwordLine(name: string, event: Extract<CreateEvent, { kind: 'password' }>): string {
  return `${name}: root's password: ${event.text} (kept in ${event.file})\n`;
}

/** Whether the error holds what a template printed, with or without the template's name before it. */
export function tells(error: TslxcError, text: string): boolean {
  return error.message.includes(text.replace(/^tslxc-[a-z]+: /, ''));
}
