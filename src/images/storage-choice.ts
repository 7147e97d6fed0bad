// Where a new container's tree will be: an overlay of a base where that can be, else a copy of the base, else what the template
// fills by itself.

import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { plainCaller } from '../host/caller.ts';
import { baseDirectory, registerBaseUser } from '../storage/bases.ts';
import type { Build } from '../storage/building.ts';
import { overlayFault } from '../storage/overlayable.ts';
import { findStore, type Store, type StorePlace } from '../storage/store.ts';
import { type Base, baseRootfs } from './bases/base.ts';
import { baseFor } from './bases/make.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import type { Template } from './template.ts';

export interface Storage {
  readonly store: Store;
  readonly place: StorePlace;
  /** Absent: the template fills the rootfs in one run. */
  readonly base?: { readonly directory: string; readonly rootfs: string };
  /** The rootfs begins as a copy of the base. */
  readonly copied: boolean;
}

interface Choosing {
  readonly build: Build;
  readonly template: Template;
  readonly idmapped: boolean;
}

/** Makes the base where one is wanted. Throws STORE_UNSUPPORTED when -B overlay can't be had, and what making a base throws. */
export async function chooseStorage(
  settings: CreateSettings,
  request: CreateRequest,
  choosing: Choosing,
): Promise<Storage> {
  const place = placeOf(request, choosing.build.container);
  if (!wantsBase(request, choosing.template)) {
    return { store: findStore(request.backingStore ?? 'dir'), place, copied: false };
  }
  for (let attempt = 1; ; attempt += 1) {
    const base = await baseFor(
      settings,
      { ...request, refresh: request.cache === 'refresh' },
      choosing.template,
    );
    try {
      return await onBase(settings, request, { ...choosing, place, base });
    } catch (error) {
      // Pruned between our look and our note that we need it: it is made again, once.
      if (attempt > 1 || !(error instanceof TslxcError) || error.code !== 'BASE_GONE') throw error;
    }
  }
}

/** LXC's names keep LXC's way: the whole tree in rootfs, made in one run. A plain user can map no ids at mount, and so shares no base. */
function wantsBase({ flavour, cache }: CreateRequest, template: Template): boolean {
  return template.twoPhases && flavour === 'tslxc' && cache !== 'none' && plainCaller() === undefined;
}

async function onBase(
  settings: CreateSettings,
  request: CreateRequest,
  choosing: Choosing & { readonly place: StorePlace; readonly base: Base },
): Promise<Storage> {
  const { build, place, base, idmapped } = choosing;
  const rootfs = baseRootfs(settings, base.id);
  const of = { directory: baseDirectory(settings, base.id), rootfs };
  const copy = { store: findStore('dir'), place, base: of, copied: true };
  const wanted = request.backingStore ?? 'best';
  if (request.full || request.directory !== undefined || !mayBeOverlay(wanted)) return copy;
  const { runDir } = settings;
  const fault = await overlayFault({ lower: rootfs, above: build.container, runDir, idmapped });
  if (fault !== undefined) {
    if (wanted !== 'best') throw new TslxcError('STORE_UNSUPPORTED', fault, { hint: 'use -B dir' });
    request.onEvent({ kind: 'notice', text: `${fault}: the rootfs is a copy of the base` });
    return copy;
  }
  const { lxcpath, name } = request;
  await registerBaseUser(settings, base.id, { lxcpath, name, id: build.id });
  return { store: findStore('overlay'), place: { ...place, base: rootfs }, base: of, copied: false };
}

function mayBeOverlay(wanted: string): boolean {
  return wanted === 'best' || findStore(wanted).type === 'overlay';
}

function placeOf(request: CreateRequest, building: string): StorePlace {
  return {
    building,
    final: join(request.lxcpath, request.name),
    ...(request.directory === undefined ? {} : { directory: request.directory }),
  };
}
