// How far a long step is, in words: what, how much of it, how fast, how long it still takes.

import type { Progress } from '../../images/events.ts';

/** The speed is that of the last seconds. */
const WINDOW_MS = 5_000;
/** Before that nobody knows a speed. */
const LEAST_MS = 1_000;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** Watches one thing's progress after the other. Times are the caller's, in milliseconds that only grow. */
export class Pace {
  #now: Progress | undefined;
  #samples: Sample[] = [];

  update(progress: Progress, atMs: number): void {
    const begun = this.#now;
    // Packages are counted by one counter, each under its own name.
    const isSame =
      begun?.unit === progress.unit && begun.total === progress.total && begun.done <= progress.done;
    if (!isSame) this.#samples = [];
    this.#now = progress;
    this.#samples.push({ atMs, done: progress.done });
    while (this.#samples.length > 2 && (this.#samples[1] as Sample).atMs < atMs - WINDOW_MS)
      this.#samples.shift();
  }

  /** `Downloading rootfs.tar.xz: 45 %, 16.2 of 36.0 MB, 3.1 MB/s, 6 s left`; undefined before the first update. */
  text(): string | undefined {
    const now = this.#now;
    if (now === undefined) return undefined;
    const { what, unit, done, total } = now;
    const perSecond = this.#perSecond();
    const parts = [
      ...(total === undefined ? [] : [`${percentOf(done, total)} %`]),
      amounts(unit, done, total),
      ...(perSecond === undefined || unit !== 'bytes' ? [] : [`${size(perSecond)}/s`]),
      ...(perSecond === undefined || total === undefined || done >= total
        ? []
        : [`${duration((total - done) / perSecond)} left`]),
    ];
    return `${what}: ${parts.join(', ')}`;
  }

  /** Percent done, where the end is known. */
  percent(): number | undefined {
    return this.#now?.total === undefined ? undefined : percentOf(this.#now.done, this.#now.total);
  }

  #perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return undefined;
    const perSecond = ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
    return perSecond > 0 ? perSecond : undefined;
  }
}

function percentOf(done: number, total: number): number {
  return Math.min(100, Math.floor((done * 100) / Math.max(1, total)));
}

function amounts(unit: string, done: number, total: number | undefined): string {
  if (unit === 'bytes') {
    return total === undefined ? size(done) : `${(done / scaleOf(total)[0]).toFixed(1)} of ${size(total)}`;
  }
  return total === undefined ? `${done} ${unit}` : `${done} of ${total} ${unit}`;
}

/** In the units of download managers: powers of ten. */
function size(bytes: number): string {
  const [scale, word] = scaleOf(bytes);
  return `${(bytes / scale).toFixed(1)} ${word}`;
}

function scaleOf(bytes: number): readonly [number, string] {
  if (bytes >= 1e9) return [1e9, 'GB'];
  return bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
}

/** `6 s`, `2 min`, `1 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
