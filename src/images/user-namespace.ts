// Templates as LXC runs them for a container with an id map: in a user namespace, whose root is the container's. What it makes has
// shifted ids; its caller has one more id in there, which the template is told.

import type { IdSpan } from '../base/id-spans.ts';
import { withHostId } from '../base/ids.ts';
import { loadConfig } from '../config/load.ts';
import type { IdMapping } from '../config/model.ts';
import { plainCaller } from '../host/caller.ts';
import { makeDirectories } from '../host/directories.ts';
import { type MapHelpers, mapHelpers } from '../host/map-helpers.ts';
import type { NamespaceIds } from '../plan/spawn.ts';
import { takeBack } from '../storage/shift.ts';
import { mapOf } from './id-map.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import type { Template } from './template.ts';
import { runTemplate, type TemplateRun } from './template-run.ts';

export interface TemplateNamespace {
  /** The container's. */
  readonly maps: readonly IdMapping[];
  readonly ids: NamespaceIds;
  /** At the end of the template's arguments. */
  readonly words: readonly string[];
}

/**
 * For whom the template runs so: callers of `lxc-create` with an id map in the config that the container begins with, and plain
 * users, whose containers have the map of the config or the range.
 */
export function namespaceFor(
  { flavour, base }: CreateRequest,
  range: IdSpan | undefined,
): TemplateNamespace | undefined {
  const caller = plainCaller();
  if (flavour !== 'lxc' && caller === undefined) return undefined;
  const maps = range ? mapsOf(range) : mapOf(loadConfig(base).config);
  if (caller !== undefined) return templateNamespace(maps, caller, mapHelpers());
  return maps.length === 0 ? undefined : templateNamespace(maps, ROOT);
}

const ROOT = { uid: 0, gid: 0 };

function mapsOf({ first, count }: IdSpan): IdMapping[] {
  return (['u', 'g'] as const).map(kind => ({ kind, nsId: 0, hostId: first, count }));
}

/** The namespace for a container's maps. `helpers` where the caller is a plain user. */
export function templateNamespace(
  maps: readonly IdMapping[],
  caller: { readonly uid: number; readonly gid: number },
  helpers?: MapHelpers,
): TemplateNamespace {
  const uids = withHostId(
    maps.filter(({ kind }) => kind === 'u'),
    caller.uid,
  );
  const gids = withHostId(
    maps.filter(({ kind }) => kind === 'g'),
    caller.gid,
  );
  return {
    maps,
    ids: { uids: uids.ranges, gids: gids.ranges, ...(helpers && { helpers }) },
    words: ['--mapped-uid', String(uids.nsId), '--mapped-gid', String(gids.nsId)],
  };
}

/** Runs a template so. What it made outside of the rootfs is its caller's again, however it ended. */
export async function runInNamespace(
  { cacheDir }: CreateSettings,
  request: CreateRequest,
  template: Template,
  run: TemplateRun & { readonly namespace: TemplateNamespace },
): Promise<void> {
  makeDirectories(cacheDir, 0o777); // its parents must be the caller's
  try {
    await runTemplate(request, template, run);
  } finally {
    await takeBack(cacheDir);
  }
  await takeBack(run.source, 'config');
}
