// From nothing to a container on disk: build beside, run the template, publish by one rename.

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { checkContainerName, hasControlCharacters } from '../base/container-names.ts';
import { TslxcError } from '../base/errors.ts';
import { type Build, beginBuild, discardBuild, publishBuild } from '../storage/building.ts';
import { cleanInterrupted } from '../storage/destroy.ts';
import { writeMarkerFile } from '../storage/marker.ts';
import { giveToMapRoot } from '../storage/shift.ts';
import { findStore, type Store, type StorePlace } from '../storage/store.ts';
import { beginConfig, finishConfig } from './config-file.ts';
import { mapOf, storeIds, takeRange } from './id-map.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import { findTemplate, type Template } from './template.ts';
import { refuseWhenAborted, runTemplate } from './template-run.ts';

export type { CreateEvent, CreateRequest, CreateSettings } from './request.ts';

/**
 * Creates a container: when this returns, it is at LXCPATH/NAME and survives a power cut; when it throws, nothing is left.
 * Throws TslxcError: NAME_INVALID, ALREADY_EXISTS, TEMPLATE_UNKNOWN, TEMPLATE_FAILED, NO_ID_RANGE, INTERRUPTED and others.
 */
export async function createContainer(settings: CreateSettings, request: CreateRequest): Promise<void> {
  const { store, template } = check(settings, request);
  await cleanInterrupted(settings, request.lxcpath);
  const build = beginBuild(request.lxcpath, request.name);
  try {
    const range = await takeRange(settings, request, build);
    const place = placeOf(request, build.container);
    beginConfig(request, place, range, template && store.spec(place));
    if (template === undefined) writeMarkerFile(build.container, 'stored', 'unshifted');
    else await fill(settings, request, { build, place, store, template });
    refuseWhenAborted(request.signal);
    await publishBuild(build);
  } catch (error) {
    await discard(settings, build, error);
    throw inWords(error);
  }
}

/** Undoes the build. Where that fails too, the first cause is told first; the next command tries again. */
async function discard(settings: CreateSettings, build: Build, why: unknown): Promise<void> {
  try {
    await discardBuild(settings, build);
  } catch (error) {
    const [first, second] = [inWords(why), inWords(error)].map(one => (one as Error).message);
    throw new TslxcError('CREATE_FAILED', `${first}; and what was made is still there: ${second}`, {
      cause: why,
    });
  }
}

interface Making {
  readonly build: Build;
  readonly place: StorePlace;
  readonly store: Store;
  readonly template: Template;
}

async function fill(settings: CreateSettings, request: CreateRequest, making: Making): Promise<void> {
  const { build, place, store, template } = making;
  const rootfs = store.rootfs(place);
  store.create(place);
  await runTemplate(request, build, template, rootfs.final);
  const config = finishConfig(settings, request, place, { template, rootfs: rootfs.building });
  const maps = mapOf(config);
  await storeIds(request, build, store, maps);
  if (request.flavour === 'lxc') {
    // LXC's own start reaches the rootfs by path, as the container's root.
    if (maps.length > 0) giveToMapRoot(build.container, maps);
    chmodSync(build.container, 0o770);
  }
}

/** All that can be refused before anything is made. */
function check(settings: CreateSettings, request: CreateRequest) {
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
  return { store, template };
}

function placeOf(request: CreateRequest, building: string): StorePlace {
  return {
    building,
    final: join(request.lxcpath, request.name),
    ...(request.directory === undefined ? {} : { directory: request.directory }),
  };
}

/** The host's own refusals (no space, read-only) are the user's to see; a fault of ours stays what it is. */
function inWords(error: unknown): unknown {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (error instanceof TslxcError || syscall === undefined) return error;
  return new TslxcError('CREATE_FAILED', `${syscall} ${path ?? ''}: ${code}`, { cause: error });
}
