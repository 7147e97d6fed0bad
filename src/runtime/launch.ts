// A start: settings → config → facts → plan → executor → a running container, or one sentence about why not.

import { chmodSync, closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TslxcError } from '../base/errors.ts';
import { makeDirectories } from '../host/directories.ts';
import { type StatusRecord, startExecutor } from '../host/executor.ts';
import { installation } from '../host/installation.ts';
import type { Lock } from '../host/locks.ts';
import { sealedMemfd } from '../host/memfd.ts';
import { planBytes } from '../plan/bytes.ts';
import type { Plan } from '../plan/model.ts';
import { cleanInterrupted } from '../storage/destroy.ts';
import { cleanUpLocked, forgetHomeless } from './cleanup.ts';
import { type ConfigRequest, refuseUndefined } from './config.ts';
import { failureOf } from './failures.ts';
import type { HostNow } from './host-now.ts';
import { heldByLxc } from './lifecycle.ts';
import { tryRunLock } from './locks.ts';
import { withPidfileMade } from './pidfile.ts';
import type { Place } from './place.ts';
import { planLaunch } from './plan-launch.ts';
import { observe } from './state.ts';

export interface LaunchRequest extends ConfigRequest {
  /** Instead of lxc.init.cmd. */
  readonly command?: readonly string[];
  /** The monitor's pid is written there; the file goes when the container ends. */
  readonly pidfile?: string;
  /** One line each: what the user should know of a start that goes on. */
  readonly onNotice?: (notice: string) => void;
  /** Told how long each part took, as log lines. */
  readonly onTiming?: (line: string) => void;
  /** What hooks print. */
  readonly onHookLine?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Shared by the starts of one call. */
  readonly host?: HostNow;
}

export interface Launched {
  readonly initPid: number;
  readonly monitorPid: number;
}

/**
 * Starts the container in the background and resolves when it is RUNNING. Throws ALREADY_RUNNING, HELD_BY_LXC, NOT_DEFINED,
 * CONFIG_INVALID, and START_FAILED with the op's origin; then nothing is left.
 */
export async function launch(place: Place, request: LaunchRequest = {}): Promise<Launched> {
  return await withRunLock(place, request, async lock => {
    const plan = await preparedPlan(place, request, { foreground: false });
    const began = performance.now();
    const executor = execute(plan, lock, place, request);
    // An executor that is told to end while it launches undoes what it did.
    const interrupt = () => void executor.process.kill('SIGTERM');
    request.signal?.addEventListener('abort', interrupt, { once: true });
    const records = await executor.status;
    request.signal?.removeEventListener('abort', interrupt);
    if (!records.some(({ kind }) => kind === 'running')) request.signal?.throwIfAborted();
    const initPid = outcomeOf(plan, records);
    request.onTiming?.(timingOf(records, performance.now() - began));
    executor.process.unref();
    writePidfile(request, executor.process.pid as number);
    return { initPid, monitorPid: executor.process.pid as number };
  });
}

/** Starts it on this process's terminal and resolves with the exit status when it has ended. Throws as launch does. */
export async function launchInForeground(place: Place, request: LaunchRequest = {}): Promise<number> {
  const { executor } = await withRunLock(place, request, async lock => {
    const plan = await preparedPlan(place, request, { foreground: true });
    const started = execute(plan, lock, place, request, ['--foreground']);
    outcomeOf(plan, await started.status);
    writePidfile(request, started.process.pid as number);
    return { executor: started };
  });
  // The terminal's signals reach the executor by themselves; one that was sent to us alone is passed on.
  request.signal?.addEventListener(
    'abort',
    () => executor.process.kill(request.signal?.reason as NodeJS.Signals),
    { once: true },
  );
  // 0 once it had started, whatever init returned, as LXC's.
  await executor.exited;
  return 0;
}

/** Takes the run lock, cleans up what an earlier run left, and lets go of our copy of the lock afterwards. */
async function withRunLock<T>(
  place: Place,
  request: LaunchRequest,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  refuseUndefined(place);
  await cleanInterrupted(place.settings, place.lxcpath);
  const before = observe(place);
  if (before.heldByLxc) throw heldByLxc(place);
  if (before.state === 'RUNNING' || before.state === 'FROZEN') throw alreadyRunning();
  const lock = await takeLockOrGiveUp(place, request);
  try {
    await cleanUpLocked(place, lock);
    // An init that outlived its monitor keeps its rootfs: two inits on one tree would ruin it.
    if (observe(place).initPid !== undefined) throw alreadyRunning();
    return await withPidfileMade(request.pidfile, () => work(lock));
  } catch (error) {
    if (observe(place).initPid === undefined) forgetHomeless(place);
    throw error;
  } finally {
    lock.release();
  }
}

/** Its monitor keeps the lock for as long as a container runs: a start beside us that succeeds ends the waiting too. */
async function takeLockOrGiveUp(place: Place, request: LaunchRequest): Promise<Lock> {
  for (const end = performance.now() + LOCK_MS; ; await delay(RETRY_MS)) {
    request.signal?.throwIfAborted();
    const lock = tryRunLock(place);
    if (lock) return lock;
    const { state } = observe(place);
    if (state === 'RUNNING' || state === 'FROZEN') throw alreadyRunning();
    if (performance.now() > end) throw busy();
  }
}

const RETRY_MS = 15;
const ENOENT = 2;

/** A monitor that is cleaning up, or a start that goes on beside us: longer than either takes. */
const LOCK_MS = 10_000;

function alreadyRunning(): TslxcError {
  return new TslxcError('ALREADY_RUNNING', 'Container is already running');
}

function busy(): TslxcError {
  return new TslxcError('BUSY', 'another command starts or stops it', {
    hint: 'try again when that command has ended',
  });
}

async function preparedPlan(
  place: Place,
  request: LaunchRequest,
  how: { foreground: boolean },
): Promise<Plan> {
  const plan = await planLaunch(place, request, how);
  for (const notice of plan.notices) request.onNotice?.(notice);
  makeRunDirectory(place);
  return request.pidfile === undefined ? plan : withPidfile(plan, request.pidfile);
}

/** The directory above is passed through by mapped ids on their way to the rootfs; the container's own is root's alone. */
function makeRunDirectory(place: Place): void {
  const { runDir } = place.settings;
  makeDirectories(runDir, 0o777);
  chmodSync(runDir, 0o711);
  makeDirectories(`${runDir}/rootfs`, 0o777);
  chmodSync(`${runDir}/rootfs`, 0o755);
  makeDirectories(place.paths.run, 0o700);
}

/** The same plan, whose teardown also removes the pid file. */
function withPidfile(plan: Plan, file: string): Plan {
  const op = { name: 'file_remove', fields: { path: file }, origin: { rule: '--pidfile' } } as const;
  return {
    ...plan,
    segments: plan.segments.map(segment =>
      segment.actor === 'teardown-stop' ? { ...segment, ops: [...segment.ops, op] } : segment,
    ),
  };
}

function writePidfile(request: LaunchRequest, pid: number): void {
  if (request.pidfile !== undefined) writeFileSync(request.pidfile, `${pid}\n`);
}

/** What the monitor runs when the guest reboots and the facts of this plan no longer hold (an upgraded init): the same start anew. */
function restartCommand(place: Place, request: LaunchRequest, args: readonly string[]): string[] {
  const { flavour } = place.settings;
  const program = flavour === 'lxc' ? 'dist/compat/lxc-start' : 'dist/bin/tslxc-start';
  const isOwnConfig = place.configFile === place.paths.config;
  return [
    process.execPath,
    join(installation().root, program),
    ...['-q', '-n', place.name, '-P', place.lxcpath],
    ...(args.includes('--foreground') ? ['-F'] : []),
    ...(isOwnConfig ? [] : ['-f', place.configFile]),
    ...(request.defines ?? []).flatMap(define => ['-s', define]),
    ...(request.pidfile === undefined ? [] : ['-p', request.pidfile]),
    ...(request.command === undefined ? [] : ['--', ...request.command]),
  ];
}

/** The settings are the caller's also when it starts anew. */
function environmentOf(place: Place, request: LaunchRequest): Readonly<Record<string, string | undefined>> {
  const { file } = place.settings;
  return { ...(file !== undefined && { TSLXC_SETTINGS: file }), ...request.env };
}

function execute(plan: Plan, lock: Lock, place: Place, request: LaunchRequest, args: readonly string[] = []) {
  const memfd = sealedMemfd('tslxc-plan', planBytes(plan));
  try {
    return startExecutor({
      mode: 'launch',
      args: [
        ...args,
        '--title',
        `[${place.settings.flavour} monitor] ${place.lxcpath} ${place.name}`,
        '--',
        ...restartCommand(place, request, args),
      ],
      plan: memfd,
      lock: lock.fd,
      cwd: '/',
      onRecord: record => {
        if (record.kind === 'hook') request.onHookLine?.(record.text);
        // What is optional and not there needs no word.
        if (record.kind === 'warning' && record.errno !== ENOENT)
          request.onNotice?.(failureOf(plan, record).message);
      },
      env: environmentOf(place, request),
      ...(args.includes('--foreground') && { stdio: ['inherit', 'inherit', 'inherit'] as const }),
    });
  } finally {
    closeSync(memfd);
  }
}

/** The pid of init, or the failure that the records tell. */
function outcomeOf(plan: Plan, records: readonly StatusRecord[]): number {
  const failed = records.find(({ kind }) => kind === 'failed');
  if (failed) throw failureOf(plan, failed);
  const running = records.find(({ kind }) => kind === 'running');
  if (running) return Number(running.value);
  throw new TslxcError('EXECUTOR_FAILED', 'the executor ended without a word', {
    hint: 'was it killed? see dmesg, and start again',
  });
}

function timingOf(records: readonly StatusRecord[], wallMs: number): string {
  const microseconds = Number(records.find(({ kind }) => kind === 'running')?.text);
  return `RUNNING after ${wallMs.toFixed(3)} ms; the executor ran for ${(microseconds / 1000).toFixed(3)} ms`;
}
