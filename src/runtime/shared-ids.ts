// Two containers with common host ids could signal and read each other, and root writing uid_map is asked by nobody: so we ask.

import { setTimeout as delay } from 'node:timers/promises';
import { TslxcError } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import type { Settings } from '../config/settings.ts';
import { overlappingLiveMap } from '../storage/live-id-maps.ts';
import type { HostNow } from './host-now.ts';

/** A probe's namespace lives for a moment, and may have any ids. */
const PAUSES_MS = [20, 100, 300];

/**
 * Throws IDS_IN_USE when a live user namespace has ids of this container's map. Not for LXC's containers, which commonly share one
 * map, nor where the user namespace itself is shared.
 */
export async function refuseSharedIds(
  config: ContainerConfig,
  settings: Settings,
  host: HostNow,
): Promise<void> {
  const spans = config.idmap.map(({ value }) => ({ first: value.hostId, count: value.count }));
  if (settings.flavour === 'lxc' || spans.length === 0 || config.namespace.share.user) return;
  // A plain user has one range for all of theirs.
  if (process.geteuid?.() !== 0) return;
  if (!host.claimIds(spans)) throw inUse('another container of the same call', config);
  if (overlappingLiveMap(spans, host.idMaps) === undefined) return;
  for (const pauseMs of PAUSES_MS) {
    await delay(pauseMs);
    if (overlappingLiveMap(spans) === undefined) return;
  }
  const found = overlappingLiveMap(spans);
  if (found !== undefined) throw inUse(`process ${found.pid}`, config);
}

function inUse(who: string, config: ContainerConfig): TslxcError {
  const first = config.idmap[0];
  return new TslxcError('IDS_IN_USE', `${who} uses host ids of its map, from ${first?.value.hostId} on`, {
    hint: 'give each container a range of its own: tslxc-create does',
    ...(first && { origin: first.origin }),
  });
}
