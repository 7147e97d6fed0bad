// The live half of the executor on plain children (test/native/live_harness.c), and real terminals around its clients.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type IPty, spawn as spawnPty } from 'node-pty';
import { installation } from '../../src/host/installation.ts';
import { MonitorClient } from '../../src/runtime/monitor-client.ts';

const LONGEST_MS = 20_000;

/** Builds the harness and tells where it is. */
export function liveHarness(): string {
  const native = join(installation().root, 'native');
  execFileSync('make', ['--silent', '-C', native, 'out/live-harness'], { stdio: ['ignore', 2, 2] });
  return join(native, 'out/live-harness');
}

export const executor = (): string => installation().executor;

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-live-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until `look` gives something other than undefined; fails with `what` after 20 s. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + LONGEST_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) assert.fail(`never came: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** A program in a terminal of its own. */
export class Terminal {
  readonly pty: IPty;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #exit: { status: number; signal: number } | undefined;

  constructor(t: TestContext, file: string, args: readonly string[], env: Record<string, string> = {}) {
    const options = { cols: 80, rows: 24, encoding: null, env: { ...process.env, ...env } };
    this.pty = spawnPty(file, [...args], options);
    this.pty.onData(chunk => {
      const bytes = chunk as unknown as Buffer;
      this.#chunks.push(bytes);
      this.#bytes += bytes.length;
    });
    this.pty.onExit(({ exitCode, signal }) => {
      this.#exit = { status: exitCode, signal: signal ?? 0 };
    });
    t.after(() => {
      if (!this.#exit) killIfThere(this.pty.pid);
    });
  }

  get length(): number {
    return this.#bytes;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  text(): string {
    return this.bytes().toString('latin1');
  }

  write(text: string): void {
    this.pty.write(text);
  }

  /** Waits for text that comes after what was waited for before. */
  async see(wanted: string | RegExp): Promise<string> {
    const pattern =
      typeof wanted === 'string' ? new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : wanted;
    return until(`${pattern} in ${JSON.stringify(this.text().slice(-400))}`, () => {
      const found = pattern.exec(this.text().slice(this.#seen));
      if (!found) return undefined;
      this.#seen += found.index + found[0].length;
      return found[0];
    }).catch(error => {
      throw new Error(`${error.message}; the terminal showed ${JSON.stringify(this.text().slice(-600))}`);
    });
  }
  #seen = 0;

  exit(): Promise<{ status: number; signal: number }> {
    return until('its exit', () => this.#exit);
  }
}

/**
 * A program between two looks at its terminal's settings, by a shell that outlives it and holds the terminal: node-pty throws
 * away what it has not read 200 ms after its child's end.
 */
export function watched(
  t: TestContext,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Terminal {
  const script = 'stty -g; "$@"; echo "status $?"; stty -g; echo end; read hold';
  return new Terminal(t, 'sh', ['-c', script, 'sh', file, ...args], env);
}

/** Waits for the end of what is watched, compares what stty said before and after, and lets the shell go. */
export async function assertRestored(terminal: Terminal): Promise<void> {
  await terminal.see('end\r\n');
  const settings = terminal.text().match(/^[0-9a-f]+(:[0-9a-f]+){20,}/gm);
  assert.equal(settings?.length, 2);
  assert.equal(settings[0], settings[1]);
  terminal.write('\r');
  await terminal.exit();
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export interface MonitorOptions {
  readonly log?: string;
  readonly logBytes?: number;
  readonly rotate?: boolean;
  readonly ringBytes?: number;
  readonly ttys?: number;
  readonly env?: Record<string, string>;
  /** Do not wait for its socket: the guest ends at once. */
  readonly shortLived?: boolean;
}

export interface RunningMonitor {
  readonly directory: string;
  readonly process: ChildProcess;
  readonly pid: number;
  readonly client: () => Promise<MonitorClient>;
  /** What the harness said when init was gone. */
  readonly outcome: Promise<{ reboot: boolean; status: number }>;
}

/** Arguments of the harness for a monitor whose init is `sh -c script`. */
export function monitorArguments(
  directory: string,
  script: string,
  options: MonitorOptions,
  foreground = false,
): string[] {
  const { log = '-', logBytes = 0, rotate = false, ringBytes = 0, ttys = 0 } = options;
  const numbers = [logBytes, rotate ? 1 : 0, ringBytes, ttys, foreground ? 1 : 0].map(String);
  return ['monitor', directory, log, ...numbers, 'sh', '-c', script];
}

/** A monitor in the background; ready when it answers. */
export async function startMonitor(
  t: TestContext,
  script: string,
  options: MonitorOptions = {},
): Promise<RunningMonitor> {
  const directory = temporaryDirectory(t);
  const child = spawn(liveHarness(), monitorArguments(directory, script, options), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
  });
  let said = '';
  child.stdout.on('data', chunk => {
    said += chunk;
  });
  const outcome = new Promise<{ reboot: boolean; status: number }>(resolve => {
    child.once('close', () => {
      const [, reboot, status] = said.split(' ');
      resolve({ reboot: reboot === '1', status: Number(status) });
    });
  });
  t.after(() => child.kill('SIGKILL'));
  const client = () => MonitorClient.connect(directory);
  if (!options.shortLived) (await until('the control socket', () => client().catch(() => undefined))).close();
  return { directory, process: child, pid: child.pid ?? 0, client, outcome };
}

/** The arguments of a console client. */
export const consoleArguments = (directory: string, tty: number, prefix = 1): string[] => [
  'console',
  '--control',
  directory,
  '--tty',
  String(tty),
  '--escape',
  String(prefix),
];

export interface Finished {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Waits for a process with pipes to end and collects what it said. */
export function finished(child: ChildProcess): Promise<Finished> {
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', chunk => out.push(chunk));
  child.stderr?.on('data', chunk => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ status: code ?? (signal ? 128 : 1), stdout: Buffer.concat(out), stderr });
    });
  });
}
