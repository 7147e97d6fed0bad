// What a bench is made of: repeated runs of one thing, and the bar beside them.

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface Measured {
  readonly what: string;
  readonly unit: 'ms' | 'KiB';
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** What it should be at most; printed, never asserted. */
  readonly bar?: number;
  /** The same thing done by another program in the same run. */
  readonly peer?: { readonly what: string; readonly median: number; readonly ratio: number };
}

export interface About {
  readonly what: string;
  readonly unit?: 'ms' | 'KiB';
  readonly bar?: number;
  /** Absent where the peer is not installed or does not do this. */
  readonly peer?: { readonly what: string; readonly values: readonly number[] } | undefined;
}

/** Sums up at least one value. */
export function measured(about: About, values: readonly number[]): Measured {
  const { what, unit = 'ms', bar, peer } = about;
  const middle = median(values);
  const other = peer && median(peer.values);
  return {
    what,
    unit,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
    ...(bar !== undefined && { bar }),
    ...(peer && other !== undefined && { peer: { what: peer.what, median: other, ratio: middle / other } }),
  };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

/** Milliseconds that the work takes. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** For a while the kernel still removes the last run's groups and links, under locks that the next start needs too. */
export const settled = (): Promise<void> => delay(SETTLE_MS);

const SETTLE_MS = 700;

/** Milliseconds of each of `times` runs, one after the other. */
export async function repeated(
  times: number,
  work: (run: number) => unknown,
  after?: (run: number) => unknown,
) {
  const values: number[] = [];
  for (let run = 0; run < times; run++) {
    values.push(await timed(() => work(run)));
    await after?.(run);
  }
  return values;
}

/** Runs a program to its exit (a daemon that it leaves behind is not waited for). Throws unless the status is 0. */
export function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(file, args, { env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      child.stderr.destroy();
      if (status === 0) resolve();
      else reject(new Error(`${file} ${args.join(' ')}: ${signal ?? status}: ${said}`));
    });
  });
}
