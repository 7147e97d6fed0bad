// Many containers by one command: their names, checked before the first is made, and how many are made at once.

import { lstatSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkContainerName } from '../base/container-names.ts';
import { TslxcError } from '../base/errors.ts';

export interface NamePattern {
  /** With one `%d`, or `%03d` for a width. */
  readonly pattern: string;
  readonly count: number;
  /** The first number. */
  readonly first: number;
}

/** More than a host has id ranges for. */
const MOST = 10_000;

/** The names, in order. Throws BAD_ARGUMENT for a pattern or count that makes none, NAME_INVALID. */
export function patternNames({ pattern, count, first }: NamePattern): string[] {
  if (count < 1 || count > MOST) throw bad(`--count wants a number from 1 to ${MOST}`);
  if (first < 0 || first > 1e9) throw bad('--first wants a number from 0 to 1000000000');
  const [before, width, after, ...more] = pattern.split(/%(0\d|)d/);
  const isWhole = before !== undefined && width !== undefined && after !== undefined && more.length === 0;
  if (!isWhole || `${before}${after}`.includes('%')) {
    throw bad(
      `--name-pattern ${JSON.stringify(pattern)} has not exactly one %d`,
      'write web-%d, or web-%03d',
    );
  }
  const digits = Number(width);
  const names = Array.from({ length: count }, (_, index) => {
    const number = String(first + index).padStart(digits, '0');
    return `${before}${number}${after}`;
  });
  for (const name of names) checkContainerName(name);
  return names;
}

function bad(message: string, hint?: string): TslxcError {
  return new TslxcError('BAD_ARGUMENT', message, hint === undefined ? {} : { hint });
}

/** Throws ALREADY_EXISTS, naming all of these that the lxcpath has. */
export function refuseTaken(lxcpath: string, names: readonly string[]): void {
  const taken = names.filter(name => isTaken(join(lxcpath, name)));
  if (taken.length === 0) return;
  const what = taken.length === 1 ? 'there is a container' : 'there are containers';
  throw new TslxcError('ALREADY_EXISTS', `${what} ${spans(names, taken)} already`, {
    hint: 'choose other numbers with --first, or another pattern',
  });
}

/** An empty directory is what is left of a create that was interrupted, and no container. */
function isTaken(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && !(found.isDirectory() && readdirSync(path).length === 0);
}

export interface BulkResult {
  readonly made: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: unknown }[];
  /** Those that failed and those that were never begun. */
  readonly notMade: readonly string[];
}

/**
 * Makes them by `createOne`, the first alone, because it may make the base that all share. After a failure no more are begun; those
 * that were made stay. Never throws.
 */
export async function createMany(
  names: readonly string[],
  createOne: (name: string) => Promise<void>,
): Promise<BulkResult> {
  const made = new Set<string>();
  const failed: { name: string; error: unknown }[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    const name = names[next++];
    if (name === undefined) return;
    try {
      await createOne(name);
      made.add(name);
    } catch (error) {
      failed.push({ name, error });
    }
  };
  const worker = async (): Promise<void> => {
    while (next < names.length && failed.length === 0) await one();
  };
  await one();
  await Promise.all(Array.from({ length: atOnce() }, worker));
  return {
    made: names.filter(name => made.has(name)),
    failed,
    notMade: names.filter(name => !made.has(name)),
  };
}

/** Each waits for the disk as long as it computes. */
function atOnce(): number {
  return Math.min(16, 2 * availableParallelism());
}

/** `web-1 to web-3, web-7`: those of `all` that are in `some`, in few words. */
export function spans(all: readonly string[], some: readonly string[]): string {
  const chosen = new Set(some);
  const runs: string[][] = [];
  all.forEach((name, index) => {
    if (!chosen.has(name)) return;
    const before = all[index - 1];
    if (before !== undefined && runs.at(-1)?.at(-1) === before) runs.at(-1)?.push(name);
    else runs.push([name]);
  });
  return runs.map(run => (run.length < 3 ? run.join(', ') : `${run[0]} to ${run.at(-1)}`)).join(', ');
}
