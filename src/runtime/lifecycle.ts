// Ending and rebooting a container that runs.

import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, TslxcError } from '../base/errors.ts';
import { openProcess, type ProcessHandle } from '../host/processes.ts';
import { wouldNotice } from '../host/procfs.ts';
import type { ContainerSignals } from '../plan/signals.ts';
import { cleanUp } from './cleanup.ts';
import { setFrozen } from './freeze.ts';
import type { Place } from './place.ts';
import { signalsOf } from './signals.ts';
import { type Observed, observe, readIncarnation } from './state.ts';
import { until } from './wait.ts';

export interface StopRequest {
  readonly how: 'halt' | 'kill' | 'reboot';
  /** How long to wait for the end; absent = for ever, 0 = not at all. */
  readonly timeoutMs?: number;
  /** A halt that takes too long fails instead of killing. */
  readonly nokill?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Halts, kills or reboots the container. Resolves when that is done, or once the signal is sent for a timeout of 0. Throws
 * NOT_RUNNING (exit status 2), HELD_BY_LXC, STOP_TIMEOUT.
 */
export async function stop(place: Place, request: StopRequest): Promise<void> {
  const init = await pinInit(place, request);
  if (!init) return await stopped(place);
  try {
    const signals = await signalsOf(place, init.pid);
    if (request.how === 'kill') return await kill(place, init, signals, request);
    // A frozen init would neither see the signal nor end.
    setFrozen(place, init.pid, false);
    await haltOrReboot(place, init, signals, request);
  } finally {
    init.close();
  }
}

async function haltOrReboot(
  place: Place,
  init: ProcessHandle,
  signals: ContainerSignals,
  request: StopRequest,
): Promise<void> {
  const began = performance.now();
  const leftMs = () => (request.timeoutMs ?? FOREVER_MS) - (performance.now() - began);
  const candidates = request.how === 'reboot' ? [signals.reboot] : signals.halt;
  await deliver(init, candidates, request.timeoutMs === 0 ? NO_WAIT_PATIENCE_MS : leftMs(), request.signal);
  if (request.timeoutMs === 0) return;
  const isOver = await endedWithin(init, Math.max(leftMs(), 0), request.signal);
  if (request.how === 'reboot') {
    if (!isOver || !(await rebooted(place, init.pid, leftMs(), request.signal)))
      throw timedOut('has not rebooted', place);
    return;
  }
  if (isOver) return await stopped(place);
  if (request.nokill) throw timedOut('has not stopped', place);
  await kill(place, init, signals, { ...request, timeoutMs: KILL_MS });
}

/** About 24 days: the longest that a timer can be. */
const FOREVER_MS = 2 ** 31 - 1;
/** How long a stop that does not wait is patient with an init that has no handler yet. */
const NO_WAIT_PATIENCE_MS = 2000;
const KILL_MS = 10_000;
/** After init's end: hooks, control groups and links go. */
const TEARDOWN_MS = 30_000;

/** The container's init, pinned; undefined when it ended meanwhile. */
async function pinInit(place: Place, request: StopRequest): Promise<ProcessHandle | undefined> {
  let observed = observe(place);
  if (observed.state === 'STARTING') {
    const settled = await until(place, ({ state }) => state !== 'STARTING', {
      timeoutMs: request.timeoutMs || TEARDOWN_MS,
      ...(request.signal && { signal: request.signal }),
    });
    observed = settled ?? observed;
  }
  if (observed.heldByLxc) throw heldByLxc(place);
  if (observed.state === 'STOPPING' && observed.initPid === undefined) return undefined;
  if (observed.initPid === undefined) {
    await cleanUp(place);
    throw notRunning(place);
  }
  return openProcess(observed.initPid, readIncarnation(place)?.initStarttime);
}

/** Sends the first signal that init listens to, as soon as it does: PID 1 never hears one that it has no handler for. */
async function deliver(
  init: ProcessHandle,
  candidates: readonly number[],
  patienceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  for (const until = performance.now() + patienceMs; ; ) {
    const heard = candidates.find(candidate => isHeard(init.pid, candidate));
    const last = candidates.at(-1);
    if (heard !== undefined || performance.now() >= until) {
      if (heard ?? last) init.signal((heard ?? last) as number);
      return;
    }
    if (await endedWithin(init, POLL_MS, signal)) return;
  }
}

/** There is no event for "a handler was installed". */
const POLL_MS = 20;
const SIGKILL = 9;

function isHeard(pid: number, signal: number): boolean {
  return signal === SIGKILL || wouldNotice(pid, signal);
}

async function kill(
  place: Place,
  init: ProcessHandle,
  signals: ContainerSignals,
  request: StopRequest,
): Promise<void> {
  init.signal(signals.stop);
  // A task in a frozen v1 group can't even be killed.
  if (observe(place).state === 'FROZEN') setFrozen(place, init.pid, false);
  if (request.timeoutMs === 0 && request.how === 'kill' && signals.stop !== SIGKILL) return;
  const ms = request.timeoutMs || KILL_MS;
  if (!(await endedWithin(init, ms, request.signal)))
    throw timedOut('was signalled but has not ended', place);
  await stopped(place);
}

/** Waits until everything of the ended container is gone; does the monitor's work where there is none any more. */
async function stopped(place: Place): Promise<void> {
  const over = await until(
    place,
    ({ state, initPid }) => state === 'STOPPED' || (state === 'RUNNING' && initPid !== undefined),
    {
      timeoutMs: TEARDOWN_MS,
    },
  );
  if (over === undefined) throw timedOut('has ended, but its monitor is still cleaning up', place);
  if (over.state === 'RUNNING') {
    throw new TslxcError('REBOOTED', `${place.name} rebooted instead of stopping`, {
      hint: 'stop it again with --kill',
    });
  }
  await cleanUp(place);
}

/** A monitor whose plan no longer holds starts anew, and is STOPPED in between. */
async function rebooted(
  place: Place,
  oldPid: number,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const isAgain = ({ state, initPid }: Observed) =>
    state === 'RUNNING' && initPid !== undefined && initPid !== oldPid;
  const options = { ...(signal && { signal }) };
  const first = await until(place, seen => isAgain(seen) || seen.state === 'STOPPED', {
    timeoutMs,
    ...options,
  });
  if (first?.state !== 'STOPPED') return first !== undefined;
  const anew = await until(place, isAgain, { timeoutMs: Math.min(timeoutMs, ANEW_MS), ...options });
  return anew !== undefined;
}

const ANEW_MS = 10_000;

/** True when the process ended within the time. Rejects with the signal's reason. */
async function endedWithin(init: ProcessHandle, ms: number, signal?: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const both = signal ? AbortSignal.any([over.signal, signal]) : over.signal;
  const clock = delay(Math.min(ms, FOREVER_MS), false, { signal: both }).catch(() => false);
  try {
    return await Promise.race([init.exited(both).then(() => true), clock]);
  } finally {
    over.abort();
    signal?.throwIfAborted();
  }
}

export function notRunning(place: Place): TslxcError {
  return new TslxcError('NOT_RUNNING', `${place.name} is not running`, { exitStatus: EXIT.notRunning });
}

export function heldByLxc(place: Place): TslxcError {
  return new TslxcError('HELD_BY_LXC', `${place.name} is run by LXC's own monitor`, {
    hint: `use LXC's own command for it, as in: /usr/bin/lxc-stop -P ${place.lxcpath} -n ${place.name}`,
  });
}

function timedOut(what: string, place: Place): TslxcError {
  return new TslxcError('STOP_TIMEOUT', `${place.name} ${what} in time`, {
    hint: 'give it more with --timeout, or use --kill',
  });
}
