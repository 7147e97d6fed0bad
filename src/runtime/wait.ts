// Waiting for a container to become something: woken by its events file, by its init's end, and by a slow clock.

import { existsSync, type FSWatcher, watch } from 'node:fs';
import { openProcess } from '../host/processes.ts';
import type { State } from './events.ts';
import type { Place } from './place.ts';
import { type Observed, observe } from './state.ts';

export interface WaitOptions {
  /** Absent = for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Resolves with the first observation that passes `test`, or undefined after the timeout. Rejects with the signal's reason. */
export async function until(
  place: Place,
  test: (observed: Observed) => boolean,
  options: WaitOptions = {},
): Promise<Observed | undefined> {
  const deadline =
    options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    // Watching begins before looking, so that nothing falls between the two.
    const change = watchForChange(place);
    const observed = observe(place);
    const left = deadline - performance.now();
    if (test(observed)) return change.stop(observed);
    if (left <= 0) return change.stop(undefined);
    await change.next(observed, Math.min(left, CLOCK_MS), options.signal);
  }
}

/** Waits for one of the states (lxc-wait); undefined after the timeout. */
export async function waitForState(
  place: Place,
  states: readonly State[],
  options: WaitOptions = {},
): Promise<State | undefined> {
  const observed = await until(place, ({ state }) => states.includes(state), options);
  return observed?.state;
}

/** A monitor that was killed writes no event: the clock sees that its init is gone. */
const CLOCK_MS = 200;

function watchForChange(place: Place) {
  let wake = (): void => {};
  const changed = new Promise<void>(resolve => {
    wake = resolve;
  });
  const watcher = watchDirectory(place.paths.run, wake);
  const stop = <T>(value: T): T => {
    watcher?.close();
    return value;
  };
  const next = async (observed: Observed, ms: number, signal?: AbortSignal): Promise<void> => {
    const timer = setTimeout(wake, ms);
    const init = observed.initPid === undefined ? undefined : openProcess(observed.initPid);
    const ended = new AbortController();
    init?.exited(ended.signal).then(wake, () => {});
    signal?.addEventListener('abort', wake, { once: true });
    await changed;
    signal?.removeEventListener('abort', wake);
    ended.abort();
    init?.close();
    clearTimeout(timer);
    watcher?.close();
  };
  return { stop, next };
}

function watchDirectory(directory: string, onChange: () => void): FSWatcher | undefined {
  if (!existsSync(directory)) return undefined;
  try {
    // No inotify instance left for this user: the clock serves alone.
    return watch(directory, onChange).on('error', onChange);
  } catch {
    return undefined;
  }
}
