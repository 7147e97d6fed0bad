// From nothing to a container on disk: build beside, run the template, publish by one rename.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkContainerName, hasControlCharacters } from '../base/container-names.ts';
import { TslxcError } from '../base/errors.ts';
import type { IdSpan } from '../base/id-spans.ts';
import { loadConfig } from '../config/load.ts';
import { type Build, beginBuild, discardBuild, publishBuild, recordWorker } from '../storage/building.ts';
import { cleanInterrupted } from '../storage/destroy.ts';
import { writeFileDurably } from '../storage/durable.ts';
import { allocateRange, type IdRangeSettings } from '../storage/id-ranges.ts';
import { writeMarkerFile } from '../storage/marker.ts';
import { ensureRootSpan } from '../storage/root-span.ts';
import { findStore, type Store, type StorePlace } from '../storage/store.ts';
import type { BaseConfig } from './base-config.ts';
import { configHeader, fillHardwareAddresses, initialConfig } from './config-text.ts';
import { runInSandbox } from './sandbox.ts';
import { findTemplate, type Template, templateArguments } from './template.ts';

/** What a create tells while it works. */
export type CreateEvent =
  /** Something the user should know: an id span was made, the container is privileged. */
  | { readonly kind: 'notice'; readonly text: string }
  /** A line that the template printed. */
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string };

export interface CreateRequest {
  /** Absolute. */
  readonly lxcpath: string;
  readonly name: string;
  /** A template's name or absolute path; `none`: config only. */
  readonly template: string;
  readonly templateArguments: readonly string[];
  /** What the config begins with. */
  readonly base: BaseConfig;
  /** -B: default `dir`. */
  readonly backingStore?: string;
  /** --dir, absolute. */
  readonly directory?: string;
  readonly flavour: 'tslxc' | 'lxc';
  /** Root inside is root outside. */
  readonly privileged: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `lines`: the template's output comes as events. */
  readonly output: 'lines' | 'inherit' | 'ignore';
  readonly signal: AbortSignal;
  readonly onEvent: (event: CreateEvent) => void;
}

export interface CreateSettings extends IdRangeSettings {
  /** tslxc's own templates and shared configs. */
  readonly templates: string;
  readonly etc: string;
}

interface Plan {
  readonly request: CreateRequest;
  readonly store: Store;
  readonly template: Template | undefined;
}

/**
 * Creates a container: when this returns, it is at LXCPATH/NAME and survives a power cut; when it throws, nothing is left.
 * Throws TslxcError: NAME_INVALID, ALREADY_EXISTS, TEMPLATE_UNKNOWN, TEMPLATE_FAILED, NO_ID_RANGE, INTERRUPTED and others.
 */
export async function createContainer(settings: CreateSettings, request: CreateRequest): Promise<void> {
  const plan = check(settings, request);
  await cleanInterrupted(settings, request.lxcpath);
  const build = beginBuild(request.lxcpath, request.name);
  try {
    await fill(settings, plan, build);
    refuseWhenAborted(request.signal);
    await publishBuild(build);
  } catch (error) {
    await discardBuild(settings, build);
    throw inWords(error);
  }
}

/** The host's own refusals (no space, read-only) are the user's to see; a fault of ours stays what it is. */
function inWords(error: unknown): unknown {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (error instanceof TslxcError || syscall === undefined) return error;
  return new TslxcError('CREATE_FAILED', `${syscall} ${path ?? ''}: ${code}`, { cause: error });
}

/** All that can be refused before anything is made. */
function check(settings: CreateSettings, request: CreateRequest): Plan {
  checkContainerName(request.name);
  for (const value of [request.lxcpath, request.directory ?? '']) {
    if (hasControlCharacters(value)) {
      throw new TslxcError('BAD_ARGUMENT', `${JSON.stringify(value)} has a control character`);
    }
  }
  const search = { flavour: request.flavour, templates: settings.templates };
  const template = request.template === 'none' ? undefined : findTemplate(request.template, search);
  const store = findStore(request.backingStore ?? 'dir');
  store.check(placeOf(request, join(request.lxcpath, request.name)));
  return { request, store, template };
}

function placeOf(request: CreateRequest, building: string): StorePlace {
  return {
    building,
    final: join(request.lxcpath, request.name),
    ...(request.directory === undefined ? {} : { directory: request.directory }),
  };
}

async function fill(settings: CreateSettings, plan: Plan, build: Build): Promise<void> {
  const { request, store, template } = plan;
  const place = placeOf(request, build.container);
  const range = await takeRange(settings, request, build);
  const config = join(build.container, 'config');
  const text = initialConfig({
    base: request.base.text,
    name: request.name,
    ...(template === undefined ? {} : { rootfsPath: store.spec(place) }),
    ...(range === undefined ? {} : { rangeFirst: range.first }),
  });
  writeFileDurably(config, fillHardwareAddresses(text, randomDigit), 0o640);
  writeMarkerFile(build.container, 'stored', 'unshifted');
  if (template === undefined) return;
  store.create(place);
  await runTemplate(plan, build, template);
  checkWhatTemplateLeft(config, store.rootfs(place).building);
  const nesting =
    request.flavour === 'lxc' ? '/usr/share/lxc/config/nesting.conf' : join(settings.etc, 'nesting.conf');
  finishConfig(
    config,
    join(place.final, 'config'),
    configHeader(template.path, request.templateArguments, nesting),
  );
}

function randomDigit(): number {
  return randomBytes(1)[0] ?? 0;
}

/** A range of ids for root's containers, unless they are to be privileged, LXC's, or mapped by the config itself. */
async function takeRange(
  settings: CreateSettings,
  request: CreateRequest,
  build: Build,
): Promise<IdSpan | undefined> {
  if (request.privileged) {
    request.onEvent({
      kind: 'notice',
      text: `${request.name} is privileged: root in it is root of this host`,
    });
    return undefined;
  }
  if (request.flavour === 'lxc' || hasIdmap(request.base)) return undefined;
  const span = await ensureRootSpan(settings);
  if (span.added.length > 0) {
    const line = `root:${span.first}:${span.count}`;
    request.onEvent({ kind: 'notice', text: `added ${line} to ${span.added.join(' and ')}` });
  }
  return await allocateRange(settings, { lxcpath: request.lxcpath, name: request.name, id: build.id });
}

/** Whether the base config, with what it includes, maps ids itself. Throws CONFIG_INVALID. */
function hasIdmap(base: BaseConfig): boolean {
  return loadConfig({ file: base.file, text: base.text }).config.idmap.length > 0;
}

async function runTemplate({ request, store }: Plan, build: Build, template: Template): Promise<void> {
  const final = join(request.lxcpath, request.name);
  const place = placeOf(request, build.container);
  const words = templateArguments(
    { path: final, name: request.name, rootfs: store.rootfs(place).final },
    request.templateArguments,
  );
  const result = await runInSandbox({
    argv: [template.path, ...words],
    bind: [build.container, final],
    env: request.env,
    output: request.output,
    onLine: (stream, text) => request.onEvent({ kind: 'output', stream, text }),
    signal: request.signal,
    onStart: pid => recordWorker(build, pid),
  });
  refuseWhenAborted(request.signal);
  // Ctrl-C reaches the template as well, and its end may be seen before our own signal is.
  if (result.signal === 'SIGINT') throw interrupted();
  if (result.exitCode === 0) return;
  const how =
    result.startError ??
    (result.signal === undefined ? `exit status ${result.exitCode}` : `killed by ${result.signal}`);
  const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
  throw new TslxcError(
    'TEMPLATE_FAILED',
    `template ${template.path} failed: ${lastLine === '' ? how : `${lastLine} (${how})`}`,
  );
}

const SIGNAL_STATUS: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

function interrupted(by = 'SIGINT'): TslxcError {
  return new TslxcError('INTERRUPTED', `interrupted by ${by}; what was made is removed`, {
    exitStatus: SIGNAL_STATUS[by] ?? 1,
  });
}

function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted(typeof signal.reason === 'string' ? signal.reason : undefined);
}

/** A template is a program that ran as root, but what it unpacked may be anything: no link is followed from here on. */
function checkWhatTemplateLeft(config: string, rootfs: string): void {
  if (!lstatSync(config, { throwIfNoEntry: false })?.isFile()) {
    throw new TslxcError('TEMPLATE_FAILED', 'the template left no regular file as config');
  }
  if (!lstatSync(rootfs, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TslxcError('TEMPLATE_FAILED', 'the template left no directory as rootfs');
  }
}

/** Puts the header before it. A config that can't be read back would make a container that nobody can start or destroy. */
function finishConfig(config: string, final: string, header: string): void {
  const fd = openSync(config, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let text: string;
  try {
    text = readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
  const whole = header + fillHardwareAddresses(text, randomDigit);
  loadConfig({ file: final, text: whole });
  writeFileDurably(config, whole, 0o640);
}
