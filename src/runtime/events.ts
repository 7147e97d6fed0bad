// The events file of a container: what happened to it, kept after its monitor (`SEQ BOOTTIME_NS STATE[ key=value…]`).

import { readFileSync } from 'node:fs';

export const STATES = [
  'STOPPED',
  'STARTING',
  'RUNNING',
  'STOPPING',
  'ABORTING',
  'FREEZING',
  'FROZEN',
  'THAWED',
] as const;
export type State = (typeof STATES)[number];

export interface ContainerEvent {
  readonly sequence: number;
  /** CLOCK_BOOTTIME. */
  readonly atNs: bigint;
  readonly state: State;
  /** `status` on STOPPED: init's wait status. */
  readonly extra: Readonly<Record<string, string>>;
}

/** All whole lines; none when there is no file. */
export function readEvents(file: string): ContainerEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  // A line without its end is still being written.
  return text
    .split('\n')
    .slice(0, -1)
    .map(parseEvent)
    .filter(event => event !== undefined);
}

function parseEvent(line: string): ContainerEvent | undefined {
  const [sequence, atNs, state, ...extra] = line.split(' ');
  if (!/^\d+$/.test(sequence ?? '') || !/^\d+$/.test(atNs ?? '') || !isState(state)) return undefined;
  return {
    sequence: Number(sequence),
    atNs: BigInt(atNs as string),
    state,
    extra: Object.fromEntries(extra.map(pair => pair.split(/=(.*)/s).slice(0, 2) as [string, string])),
  };
}

export function isState(word: string | undefined): word is State {
  return (STATES as readonly (string | undefined)[]).includes(word);
}
