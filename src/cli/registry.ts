// The only list of verbs. Each is loaded when it is called, so that a cold verb pays for itself alone.

import type { Command } from './command.ts';

interface Verb {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

export const VERBS: Readonly<Record<string, Verb>> = {};

/** The verb's declaration, or undefined when there is none of that name. */
export async function findCommand(verb: string): Promise<Command | undefined> {
  if (!Object.hasOwn(VERBS, verb)) return undefined;
  return (await VERBS[verb]?.load())?.command;
}
