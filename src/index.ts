// tslxc as a library: `import { Container } from 'tslxc'`. It prints nothing, ends nothing and reads no environment but what it
// is given. Every failure is a TslxcError with a stable `code`.

import { homedir } from 'node:os';
import type { ContainerConfig } from './config/model.ts';
import { readKey } from './config/print.ts';
import { loadSettings, type Settings } from './config/settings.ts';
import type { CreateEvent } from './images/events.ts';
import type { RootAccess } from './images/request.ts';
import type { Plan } from './plan/model.ts';
import type { AttachRequest } from './runtime/attach.ts';
import { loadPlaceConfig } from './runtime/config.ts';
import { create } from './runtime/create.ts';
import { type DestroyRequest, destroy } from './runtime/destroy.ts';
import type { State } from './runtime/events.ts';
import { type CapturedCommand, type RunningCommand, runInside, startInside } from './runtime/exec.ts';
import { HostNow } from './runtime/host-now.ts';
import { type ContainerInfo, containerInfo } from './runtime/info.ts';
import { type Launched, launch } from './runtime/launch.ts';
import { stop } from './runtime/lifecycle.ts';
import { containerNames, describeContainers, type ListedContainer } from './runtime/list.ts';
import { type Place, placeOf } from './runtime/place.ts';
import { planLaunch } from './runtime/plan-launch.ts';
import { HostView, observe } from './runtime/state.ts';
import { waitForState } from './runtime/wait.ts';
import { ensureRootSpan } from './storage/root-span.ts';

export { describeOrigin, type Origin, TslxcError } from './base/errors.ts';
export type { ContainerConfig } from './config/model.ts';
export type { CreateEvent, Progress, StepName } from './images/events.ts';
export type { RootAccess } from './images/request.ts';
export type { Plan } from './plan/model.ts';
export { annotatedPlanText, planText } from './plan/text.ts';
export type { State } from './runtime/events.ts';
export type { CapturedCommand, RunningCommand } from './runtime/exec.ts';
export type { ContainerInfo } from './runtime/info.ts';
export type { ListedContainer } from './runtime/list.ts';

/** Which containers are meant and whose rules hold. All have defaults. */
export interface Options {
  /** Directory of the containers; default: the settings' (/var/lib/tslxc). */
  readonly lxcpath?: string;
  /** Default /etc/tslxc/tslxc.yaml. */
  readonly settingsFile?: string;
  /** `lxc`: LXC's own paths and defaults, as the lxc-* commands have them. */
  readonly flavour?: 'tslxc' | 'lxc';
}

export interface CreateOptions extends Options {
  /** Name or absolute path; `none` for a config without a rootfs. */
  readonly template: string;
  /** Words for the template: `['-r', 'trixie']`. */
  readonly arguments?: readonly string[];
  /** Initial config file instead of the default one. */
  readonly configFile?: string;
  /** `overlay` or `dir`; default: an overlay of a base where there can be one. */
  readonly backingStore?: string;
  /** A tree of its own, sharing no base with others. */
  readonly full?: boolean;
  /** `use` (default) a base that is there, `refresh` it when its mirror has something newer, or `none`. */
  readonly cache?: 'use' | 'refresh' | 'none';
  /** How root may log in; default: with a password that is made up, and kept in the container's `root-password`. */
  readonly rootAccess?: RootAccess;
  /** Root inside is root outside. */
  readonly privileged?: boolean;
  /** Told of each line that the template prints. */
  readonly onOutput?: (line: string) => void;
  /** Told of what the user should know. */
  readonly onNotice?: (notice: string) => void;
  /** Told of both and of all else: steps, progress, the password that was made up for root. */
  readonly onEvent?: (event: CreateEvent) => void;
  readonly signal?: AbortSignal;
}

export interface StartOptions {
  /** Instead of the container's init. */
  readonly command?: readonly string[];
  /** `KEY=VALUE`, applied after the config file. */
  readonly defines?: readonly string[];
  readonly onNotice?: (notice: string) => void;
}

export interface StopOptions {
  /** Default 60000; 0 does not wait. */
  readonly timeoutMs?: number;
  /** Fail instead of killing when the time is over. */
  readonly nokill?: boolean;
  readonly signal?: AbortSignal;
}

export interface ExecOptions {
  /** Whole environment besides `container=lxc` and the config's; default: a usual PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `/`; one that does not exist inside is `/` too. */
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** How many containers `Container.startAll` starts at once: more only wait for each other in the kernel. */
const STARTS_AT_ONCE = 16;
const DEFAULT_STOP_MS = 60_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** One container, defined or not. Holds nothing open; all state is the disk's and the kernel's. */
export class Container {
  readonly #place: Place;

  private constructor(place: Place) {
    this.#place = place;
  }

  /** The container of that name. Throws NAME_INVALID, SETTINGS_INVALID. */
  static async get(name: string, options: Options = {}): Promise<Container> {
    return new Container(placeOf(await settingsOf(options), name, lxcpathOf(options)));
  }

  /** Creates it; when this resolves it is durable, when it throws nothing is left. */
  static async create(name: string, options: CreateOptions): Promise<Container> {
    const container = await Container.get(name, options);
    await create(container.#place, { ...options, env: environment() });
    return container;
  }

  /** What is known of every container of the lxcpath, sorted by name. */
  static async list(options: Options = {}): Promise<ListedContainer[]> {
    const settings = await settingsOf(options);
    const lxcpath = options.lxcpath ?? settings.lxcpath;
    const view = new HostView();
    return await describeContainers(settings, lxcpath, containerNames(lxcpath, view), view);
  }

  /** Starts many in parallel. Settles for all of them, in their order: one that fails keeps no other from starting. */
  static async startAll(
    containers: readonly Container[],
    options: StartOptions = {},
  ): Promise<PromiseSettledResult<Launched>[]> {
    const results: PromiseSettledResult<Launched>[] = [];
    const host = new HostNow();
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < containers.length; at = next++) {
        const [result] = await Promise.allSettled([(containers[at] as Container).#start(options, host)]);
        results[at] = result as PromiseSettledResult<Launched>;
      }
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, worker));
    return results;
  }

  get name(): string {
    return this.#place.name;
  }

  /** Its directory, P/N. */
  get directory(): string {
    return this.#place.paths.directory;
  }

  /** Its state now. An absent container is STOPPED. */
  get state(): State {
    return observe(this.#place).state;
  }

  /** State, pid, addresses and counters now. */
  info(): Promise<ContainerInfo> {
    return containerInfo(this.#place);
  }

  /** Its config, with where each setting comes from. Throws NOT_DEFINED, CONFIG_INVALID. */
  config(): Promise<ContainerConfig> {
    return loadPlaceConfig(this.#place, { env: environment() });
  }

  /** A key as `tslxc-info -c KEY` prints it; undefined for a key that LXC does not have. */
  async readKey(key: string): Promise<string | undefined> {
    return readKey(await this.config(), key);
  }

  /** What a start would do now, op by op, with the reason for each. Changes nothing. */
  plan(options: StartOptions = {}): Promise<Plan> {
    return planLaunch(this.#place, { env: environment(), ...options }, { foreground: false, dryRun: true });
  }

  /** Resolves when it is RUNNING. Throws ALREADY_RUNNING, START_FAILED and others; then nothing is left. */
  start(options: StartOptions = {}): Promise<Launched> {
    return this.#start(options, new HostNow());
  }

  #start(options: StartOptions, host: HostNow): Promise<Launched> {
    return launch(this.#place, { env: environment(), ...options, host });
  }

  /** Halts it, and kills it when that takes too long. Throws NOT_RUNNING, STOP_TIMEOUT. */
  stop(options: StopOptions = {}): Promise<void> {
    return stop(this.#place, { how: 'halt', timeoutMs: DEFAULT_STOP_MS, ...options });
  }

  /** Ends it at once. Throws NOT_RUNNING. */
  kill(): Promise<void> {
    return stop(this.#place, { how: 'kill' });
  }

  /** Reboots it and resolves when it is RUNNING again. Throws NOT_RUNNING, STOP_TIMEOUT. */
  reboot(options: StopOptions = {}): Promise<void> {
    return stop(this.#place, { how: 'reboot', timeoutMs: DEFAULT_STOP_MS, ...options });
  }

  /** Runs a command inside to its end and keeps what it wrote. Throws NOT_RUNNING, EXEC_FAILED. */
  run(
    command: readonly string[],
    options: ExecOptions & { readonly input?: string | Uint8Array } = {},
  ): Promise<CapturedCommand> {
    return runInside(this.#place, insideRequest(command, options), options.input);
  }

  /** Starts a command inside and gives its streams. Throws NOT_RUNNING. */
  attach(command: readonly string[], options: ExecOptions = {}): Promise<RunningCommand> {
    return startInside(this.#place, insideRequest(command, options));
  }

  /** Resolves with the state once it is one of those; undefined after the timeout (milliseconds, default: for ever). */
  wait(
    states: readonly State[],
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<State | undefined> {
    return waitForState(this.#place, states, options);
  }

  /** Removes it with its storage. Throws RUNNING (unless `force`), NOT_DEFINED, HAS_SNAPSHOTS. */
  destroy(options: Omit<DestroyRequest, 'env'> = {}): Promise<void> {
    return destroy(this.#place, { ...options, env: environment() });
  }
}

/** How many containers root's ids are for when a host is set up. */
const RANGES = 4096;

/**
 * Sets the host up: gives root a span of 65536 × 4096 ids in /etc/subuid and /etc/subgid unless they give it as many already. Changes no
 * line that is there. Resolves with one line for each thing it did. Throws NO_ID_SPAN, SUBID_LOCKED.
 */
export async function setUpHost(options: Options = {}): Promise<readonly string[]> {
  const { first, count, added } = await ensureRootSpan(await settingsOf(options), RANGES);
  return added.map(file => `added root:${first}:${count} to ${file}`);
}

async function settingsOf({ settingsFile, flavour = 'tslxc' }: Options): Promise<Settings> {
  const env = settingsFile === undefined ? {} : { TSLXC_SETTINGS: settingsFile };
  return await loadSettings({ env, flavour, uid: process.geteuid?.() ?? 0, home: homedir() });
}

function lxcpathOf({ lxcpath }: Options): { lxcpath?: string } {
  return lxcpath === undefined ? {} : { lxcpath };
}

/** What hooks and templates get. */
function environment(): Readonly<Record<string, string>> {
  return { PATH, HOME: homedir(), LC_ALL: 'C.UTF-8' };
}

function insideRequest(
  command: readonly string[],
  { env = {}, cwd = '/', ...ids }: ExecOptions,
): AttachRequest {
  return {
    command,
    env: { PATH, ...env },
    cwd,
    umask: 0o022,
    terminals: [false, false, false],
    clearEnv: false,
    keepVars: [],
    setVars: [],
    elevated: [],
    remount: false,
    ...(ids.uid !== undefined && { uid: ids.uid }),
    ...(ids.gid !== undefined && { gid: ids.gid }),
  };
}
