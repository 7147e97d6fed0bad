// From a container's config to the plan of its start: what the plan rests on is gathered here, decided in src/plan.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { parseFstab } from '../config/fstab.ts';
import type { ContainerConfig, MountEntry, Setting } from '../config/model.ts';
import { ConfigError } from '../config/problem.ts';
import { probeGuest } from '../facts/guest.ts';
import type { GuestFacts, HostFacts, LaunchInput } from '../facts/model.ts';
import { bootId } from '../host/procfs.ts';
import { bridgeOf } from '../network/bridge.ts';
import { compileLaunch } from '../plan/launch.ts';
import type { Plan } from '../plan/model.ts';
import { readStored } from '../storage/marker.ts';
import { loadPlaceConfig } from './config.ts';
import { HostNow } from './host-now.ts';
import type { LaunchRequest } from './launch.ts';
import { refuseMounted } from './mount.ts';
import type { Place } from './place.ts';
import { seccompOf } from './seccomp.ts';
import { sharedNamespaces } from './share.ts';
import { refuseSharedIds } from './shared-ids.ts';

/**
 * The plan of a start as config, host and guest are now. Unless `dryRun`, the default bridge is made when the config names it. Throws
 * what loading the config, the probe, the network and the planner throw, each with the line to blame.
 */
export async function planLaunch(
  place: Place,
  request: LaunchRequest,
  how: { foreground: boolean; dryRun?: boolean },
): Promise<Plan> {
  const now = request.host ?? new HostNow();
  const config = await loadPlaceConfig(place, { source: now.configFiles, ...request });
  if (!how.dryRun) refuseMounted(place, config);
  if (!how.dryRun) await refuseSharedIds(config, place.settings, now);
  const [guest, networkNotices] = await Promise.all([
    guestOf(place, config),
    how.dryRun ? [] : now.bridges(config, place.settings),
  ]);
  const found = now.facts(config);
  const host = how.dryRun ? withDefaultBridge(found, bridgeOf(place.settings)) : found;
  const filter = seccompOf(config, host.machine);
  const began = performance.now();
  const plan = compileLaunch(config, host, guest, {
    ...inputOf(place, config, request),
    foreground: how.foreground,
    ...(filter && { seccomp: filter.program }),
  });
  request.onTiming?.(`the plan was compiled in ${(performance.now() - began).toFixed(3)} ms`);
  return { ...plan, notices: [...networkNotices, ...(filter?.notices ?? []), ...plan.notices] };
}

/** How its ids are stored is what create wrote down: the owner of the root directory, which the probe sees, is the guest's to change. */
async function guestOf(place: Place, config: ContainerConfig): Promise<GuestFacts> {
  const guest = await probeGuest(config);
  const stored = readStored(place.paths.directory);
  return stored === undefined ? guest : { ...guest, stored };
}

function inputOf(
  place: Place,
  config: ContainerConfig,
  { command }: LaunchRequest,
): Omit<LaunchInput, 'foreground' | 'seccomp'> {
  return {
    name: place.name,
    lxcpath: place.lxcpath,
    configFile: place.configFile,
    runDir: place.paths.run,
    rootfsMount: join(place.settings.runDir, 'rootfs'),
    suffix: place.suffix,
    share: sharedNamespaces(place, config),
    bootId: bootId(),
    ...(command && { command }),
    ...(config.mount.fstab && { fstab: readFstab(config.mount.fstab) }),
  };
}

function readFstab({ value, origin }: Setting<string>): readonly Setting<MountEntry>[] {
  let text: string;
  try {
    text = readFileSync(value, 'utf8');
  } catch (cause) {
    throw new TslxcError('CONFIG_INVALID', `cannot read ${value}: ${(cause as Error).message}`, {
      cause,
      origin,
    });
  }
  const { entries, problems } = parseFstab(text, value);
  const [first, ...others] = problems;
  if (first) throw new ConfigError([first, ...others]);
  return entries;
}

/** A start would make the default bridge first: a plan that is only shown takes it for made. */
function withDefaultBridge(host: HostFacts, bridge: string): HostFacts {
  if (host.links.some(({ name }) => name === bridge)) return host;
  return { ...host, links: [...host.links, { name: bridge, bridge: true, mtu: 1500 }] };
}
