// From nothing to a container on disk: build beside, run the template or its second phase on a base, publish by one rename.

import { chmodSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { checkContainerName, hasControlCharacters } from '../base/container-names.ts';
import { errnoText, hostRefusal } from '../base/errno.ts';
import { TslxcError } from '../base/errors.ts';
import { recordWorker } from '../storage/builder.ts';
import { type Build, type BuildSize, beginBuild, discardBuild, publishBuild } from '../storage/building.ts';
import { copyTree } from '../storage/copy-tree.ts';
import { cleanInterrupted } from '../storage/destroy.ts';
import { writeMarkerFile } from '../storage/marker.ts';
import { ownNamespace } from '../storage/own-namespace.ts';
import { giveToMapRoot } from '../storage/shift.ts';
import { findStore } from '../storage/store.ts';
import { cacheEnvironment } from './bases/make.ts';
import { beginConfig, finishConfig } from './config-file.ts';
import { inStep } from './events.ts';
import { mapOf, ownDirectories, storeIds, takeRange, willBeMapped } from './id-map.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import { checkRootAccess, leaveRootAccess, tellRootAccess } from './root-access.ts';
import { chooseStorage, type Storage } from './storage-choice.ts';
import { findTemplate, type Template } from './template.ts';
import { refuseWhenAborted, runTemplate } from './template-run.ts';
import { namespaceFor, runInNamespace, type TemplateNamespace } from './user-namespace.ts';

export type { CreateEvent, CreateRequest, CreateSettings } from './request.ts';

/**
 * Creates a container: when this returns, it is at LXCPATH/NAME and survives a power cut; when it throws, nothing is left.
 * Throws TslxcError: NAME_INVALID, ALREADY_EXISTS, TEMPLATE_UNKNOWN, TEMPLATE_FAILED, NO_ID_RANGE, INTERRUPTED and others.
 */
export async function createContainer(settings: CreateSettings, request: CreateRequest): Promise<void> {
  const template = check(settings, request);
  const build = await begin(settings, request);
  try {
    const size =
      template === undefined
        ? await makeConfigOnly(settings, request, build)
        : await makeWhole(settings, request, build, template);
    refuseWhenAborted(request.signal);
    await publishBuild(build, size);
  } catch (error) {
    await discard(settings, request, build, error);
    throw inWords(error, request);
  }
}

async function begin(settings: CreateSettings, request: CreateRequest): Promise<Build> {
  try {
    await cleanInterrupted(settings, request.lxcpath);
    return beginBuild(request.lxcpath, request.name);
  } catch (error) {
    throw inWords(error, request);
  }
}

/** -t none: no rootfs. */
async function makeConfigOnly(
  settings: CreateSettings,
  request: CreateRequest,
  build: Build,
): Promise<BuildSize> {
  beginConfig(request, build.container, await takeRange(settings, request, build), undefined);
  writeMarkerFile(build.container, 'stored', 'unshifted');
  return 'few files';
}

async function makeWhole(
  settings: CreateSettings,
  request: CreateRequest,
  build: Build,
  template: Template,
): Promise<BuildSize> {
  const idmapped = willBeMapped(request);
  const storage = await chooseStorage(settings, request, { build, template, idmapped });
  const { store, place } = storage;
  const range = await takeRange(settings, request, build);
  beginConfig(request, build.container, range, store.spec(place));
  store.create(place);
  const rootfs = store.rootfs(place);
  const namespace = namespaceFor(request, range);
  if (namespace !== undefined) {
    for (const directory of [rootfs.building, ...ownDirectories(storage)])
      await giveToMapRoot(directory, namespace.maps);
  }
  await fill(settings, request, { build, template, storage, idmapped, namespace });
  const config = finishConfig(settings, request, place, { template, rootfs: rootfs.building });
  const maps = mapOf(config);
  await storeIds(request, build, { storage, maps, shiftedAlready: namespace !== undefined });
  if (request.flavour === 'lxc') {
    // LXC's own start reaches the rootfs by path, as the container's root.
    chmodSync(build.container, 0o770);
    if (maps.length > 0) await giveToMapRoot(build.container, maps, 'container');
  }
  return place.base === undefined ? 'a whole tree' : 'few files';
}

interface Filling {
  readonly build: Build;
  readonly template: Template;
  readonly storage: Storage;
  readonly idmapped: boolean;
  readonly namespace: TemplateNamespace | undefined;
}

/** The template fills the rootfs, or makes what is there of a base one container's own. */
async function fill(settings: CreateSettings, request: CreateRequest, filling: Filling): Promise<void> {
  const { build, template, storage, idmapped, namespace } = filling;
  const { store, place, base, copied } = storage;
  const { building, final } = store.rootfs(place);
  if (base !== undefined && copied) {
    await inStep(request.onEvent, { step: 'copy', text: 'copying the base' }, () =>
      copyTree(base.rootfs, building, request.signal),
    );
  }
  if (template.twoPhases) leaveRootAccess(request, build.container);
  const path = `${request.lxcpath}/${request.name}`;
  const run = {
    source: realpathSync(build.container),
    target: realpathSync(path),
    words: [
      ...(base === undefined ? [] : ['--phase=personalize', `--base=${base.directory}`]),
      `--path=${path}`,
      `--name=${request.name}`,
      `--rootfs=${final}`,
    ],
    ...(place.base === undefined ? {} : { overlay: overlayOf(place.base, path, final, idmapped) }),
    env: cacheEnvironment(settings),
    onStart: (pid: number) => recordWorker(build.directory, pid),
  };
  await inStep(request.onEvent, base === undefined ? RUN_WHOLE : PERSONALIZE, () =>
    namespace === undefined
      ? runTemplate(request, template, run)
      : runInNamespace(settings, request, template, { ...run, namespace }),
  );
  tellRootAccess(request, build.container);
}

const RUN_WHOLE = { step: 'template', text: 'running the template' } as const;
const PERSONALIZE = { step: 'personalize', text: 'giving it a name and keys of its own' } as const;

function overlayOf(lower: string, path: string, target: string, userxattr: boolean) {
  return { lower, upper: `${path}/overlay/delta`, work: `${path}/overlay/work`, target, userxattr };
}

/** Undoes the build. Where that fails too, the first cause is told first; the next command tries again. */
async function discard(
  settings: CreateSettings,
  request: CreateRequest,
  build: Build,
  why: unknown,
): Promise<void> {
  try {
    await discardBuild(settings, build);
  } catch (error) {
    const [first, second] = [why, error].map(one => (inWords(one, request) as Error).message);
    throw new TslxcError('CREATE_FAILED', `${first}; and what was made is still there: ${second}`, {
      cause: why,
    });
  }
}

/** All that can be refused before anything is made. */
function check(settings: CreateSettings, request: CreateRequest): Template | undefined {
  checkContainerName(request.name);
  for (const value of [request.lxcpath, request.directory ?? '']) {
    if (hasControlCharacters(value)) {
      throw new TslxcError('BAD_ARGUMENT', `${JSON.stringify(value)} has a control character`);
    }
  }
  const search = { flavour: request.flavour, templates: settings.templates };
  const template = request.template === 'none' ? undefined : findTemplate(request.template, search);
  checkRootAccess(request, template);
  ownNamespace(); // a plain user without ids is told so before anything is made
  const final = join(request.lxcpath, request.name);
  findStore(request.backingStore ?? 'dir').check({
    building: final,
    final,
    ...(request.directory === undefined ? {} : { directory: request.directory }),
  });
  return template;
}

/** The host's own refusals (no space, read-only) are the user's to see; a fault of ours stays what it is. */
function inWords(error: unknown, { lxcpath }: CreateRequest): unknown {
  const { errno, syscall, path } = error as NodeJS.ErrnoException;
  if (error instanceof TslxcError || syscall === undefined || errno === undefined) return error;
  // A write names no file; what a create writes is in the lxcpath, but for a line of the id registry.
  const what = `${path ?? lxcpath}: ${errnoText(Math.abs(errno))}`;
  const hint = hostRefusal(error)?.hint;
  return new TslxcError('CREATE_FAILED', what, { cause: error, ...(hint !== undefined && { hint }) });
}
