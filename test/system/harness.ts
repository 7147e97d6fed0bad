// A throw-away tslxc for one test: its own settings, lxcpath, state, run directory, cache, ids and bridge. What a test makes is
// removed when it ends, also when it fails, and what tslxc itself left behind fails the test.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const IDS_PER_CONTAINER = 65536;
const CONTAINERS = 256;

export interface RunResult {
  /** Exit status; 128 + signal when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Longest run in milliseconds before it is killed and the test fails; default 60000. */
  readonly timeoutMs?: number;
  /** Which command names to use; default `tslxc`. `lxc` takes them from dist/compat. */
  readonly flavour?: 'tslxc' | 'lxc';
}

export interface Harness {
  /** Starts with `tslxctest`; everything that is visible on the host bears it. */
  readonly id: string;
  /** 0711, so that mapped ids can pass through; on a disk filesystem. */
  readonly directory: string;
  readonly lxcpath: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly cacheDir: string;
  readonly settingsFile: string;
  readonly bridge: string;
  readonly env: Readonly<Record<string, string>>;
  /** First host id of the span that containers get theirs from. */
  readonly firstId: number;
  /** A container name that residue can recognise. */
  name(suffix: string): string;
  /** Runs one verb to its end, whatever its status. */
  run(verb: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs one verb and fails the test unless it exits 0. */
  ok(verb: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts one verb with pipes and leaves it running; it is killed at the end. */
  begin(verb: string, args: readonly string[], options?: RunOptions): ChildProcess;
  /** Text of the container's config file. */
  config(name: string): string;
  /** Lines of residue.mjs for this harness. */
  residue(): string[];
  /** Ends and removes all; done by the test's after hook, and callable earlier. */
  cleanup(): Promise<void>;
}

export interface HarnessOptions {
  /** More lines of tslxc.yaml below `network:`: `  ipv4: 10.99.0.1/24`. */
  readonly network?: string;
  /** Text of default.conf; default: the installation's. */
  readonly defaultConfig?: string;
  /** Residue of the test's own making is expected: remove it silently. */
  readonly untidy?: boolean;
}

/** A throw-away tslxc that is removed after the test. `t` may also be node:test's `after` for a whole file. */
export function harness(t: Pick<TestContext, 'after' | 'diagnostic'>, options: HarnessOptions = {}): Harness {
  const id = `tslxctest${randomBytes(3).toString('hex')}`;
  const directory = makeDirectories(id);
  // One of 64 spans, so that two test runs on one host seldom meet; all below 2^31.
  const firstId = 1_000_000_000 + (randomBytes(1).readUInt8() % 64) * IDS_PER_CONTAINER * CONTAINERS;
  const settingsFile = writeSettings({ id, directory, firstId, options });
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C',
    TSLXC_SETTINGS: settingsFile,
  };
  const running = new Set<ChildProcess>();
  let cleaned = false;

  const self: Harness = {
    id,
    directory,
    lxcpath: join(directory, 'lib'),
    stateDir: join(directory, 'state'),
    runDir: join(directory, 'run'),
    cacheDir: join(directory, 'cache'),
    settingsFile,
    bridge: id,
    env,
    firstId,
    name: suffix => `${id}-${suffix}`,
    begin(verb, args, runOptions = {}) {
      const child = spawnVerb(verb, args, env, runOptions);
      running.add(child);
      child.once('close', () => running.delete(child));
      return child;
    },
    run: (verb, args, runOptions = {}) =>
      finish(self.begin(verb, args, runOptions), [verb, ...args].join(' '), runOptions),
    async ok(verb, args, runOptions) {
      const result = await self.run(verb, args, runOptions);
      assert.equal(
        result.status,
        0,
        `${verb} ${args.join(' ')} exited ${result.status}: ${result.stderr || result.stdout}`,
      );
      return result;
    },
    config: name => readFileSync(join(self.lxcpath, name, 'config'), 'utf8'),
    residue: () => listResidue(id, []),
    async cleanup() {
      if (cleaned) return;
      cleaned = true;
      for (const child of running) child.kill('SIGKILL');
      await endByItsOwnMeans(self);
      const left = listResidue(id, []).filter(line => !line.startsWith(`path ${directory}`));
      listResidue(id, ['--remove']);
      if (left.length === 0 || options.untidy) return;
      t.diagnostic(`left behind: ${left.join('; ')}`);
      throw new Error(`left behind after destroy and net stop:\n${left.join('\n')}`);
    },
  };
  t.after(() => self.cleanup());
  return self;
}

function makeDirectories(id: string): string {
  const directory = mkdtempSync(`/var/tmp/${id}-`);
  chmodSync(directory, 0o711);
  for (const part of ['lib', 'state', 'run', 'cache', 'leases'])
    mkdirSync(join(directory, part), { mode: 0o711 });
  return directory;
}

function writeSettings(about: {
  id: string;
  directory: string;
  firstId: number;
  options: HarnessOptions;
}): string {
  const { id, directory, firstId, options } = about;
  for (const file of ['subuid', 'subgid'])
    writeFileSync(join(directory, file), `root:${firstId}:${IDS_PER_CONTAINER * CONTAINERS}\n`);
  const defaultConfig = join(directory, 'default.conf');
  writeFileSync(defaultConfig, options.defaultConfig ?? ownDefaultConfig(id));
  const lxcConf = join(directory, 'lxc.conf');
  writeFileSync(lxcConf, `lxc.lxcpath = ${directory}/lib\nlxc.default_config = ${defaultConfig}\n`);
  const file = join(directory, 'tslxc.yaml');
  const lines = [
    `lxcpath: ${directory}/lib`,
    `state_dir: ${directory}/state`,
    `run_dir: ${directory}/run`,
    `cache_dir: ${directory}/cache`,
    `default_config: ${defaultConfig}`,
    `subuid_file: ${directory}/subuid`,
    `subgid_file: ${directory}/subgid`,
    `lxc_conf: ${lxcConf}`,
    'network:',
    `  bridge: ${id}`,
    `  table: ${id}`,
    `  leases_dir: ${directory}/leases`,
    ...(options.network === undefined ? [] : [options.network]),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** The installation's default.conf, on this harness's bridge. */
function ownDefaultConfig(id: string): string {
  const file = join(installation().etc, 'default.conf');
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('tslxcbr0', id) : '';
}

function spawnVerb(
  verb: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: RunOptions,
): ChildProcess {
  const folder = options.flavour === 'lxc' ? 'dist/compat/lxc-' : 'dist/bin/tslxc-';
  const child = spawn(join(installation().root, `${folder}${verb}`), args, {
    env: { ...env, ...options.env },
    cwd: options.cwd ?? '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}); // a verb need not read what it is given
  if (options.input !== undefined) child.stdin?.end(options.input);
  return child;
}

/** Waits for the end of the process and of its output, which a daemon that it started must not hold open. */
async function finish(child: ChildProcess, what: string, options: RunOptions): Promise<RunResult> {
  const began = performance.now();
  const timeoutMs = options.timeoutMs ?? 60_000;
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', chunk => {
      text[stream] += chunk;
    });
  child.stdin?.end();
  return new Promise((resolve, reject) => {
    const alarm = setTimeout(() => {
      const exited = child.exitCode !== null;
      child.kill('SIGKILL');
      const said = `${text.stdout}${text.stderr}`;
      const why = exited ? 'exited, but another process holds its output open' : 'still runs';
      reject(new Error(`${what}: ${why} after ${timeoutMs} ms; it said: ${said}`));
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(alarm);
      resolve({ status: code ?? 128 + signalNumber(signal), ...text, durationMs: performance.now() - began });
    });
  });
}

const signalNumber = (signal: NodeJS.Signals | null): number =>
  signal === null
    ? 0
    : ({ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }[
        signal as string
      ] ?? 127);

/** Ends what is there by tslxc's own verbs; whatever they miss is residue. */
async function endByItsOwnMeans(self: Harness): Promise<void> {
  const names = readdirSync(self.lxcpath).filter(name => !name.startsWith('.'));
  const steps = [
    ...names.flatMap(name => [
      ...(isMounted(join(self.lxcpath, name, 'rootfs')) ? [['umount', '-n', name]] : []),
      ['stop', '-n', name, '-k'],
      ['destroy', '-n', name, '-f'],
    ]),
    ...(existsSync(`/sys/class/net/${self.bridge}`) ? [['net', 'stop']] : []),
  ];
  for (const [verb = '', ...args] of steps) await self.run(verb, args).catch(() => undefined);
}

const isMounted = (point: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${point} `);

function listResidue(id: string, more: readonly string[]): string[] {
  const script = join(installation().root, 'scripts/residue.mjs');
  try {
    execFileSync(process.execPath, [script, '--name', id, ...more], { encoding: 'utf8' });
    return [];
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? '')
      .split('\n')
      .filter(Boolean);
  }
}
