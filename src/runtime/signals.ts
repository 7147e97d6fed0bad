// Which signals end and reboot a container that runs.

import { runningInit } from '../facts/running.ts';
import { type ContainerSignals, containerSignals } from '../plan/signals.ts';
import { loadPlaceConfig } from './config.ts';
import type { Place } from './place.ts';

/** lxc.signal.*, or what its init takes. A config that no longer loads does not keep a container from being stopped. */
export async function signalsOf(place: Place, initPid: number): Promise<ContainerSignals> {
  const config = await loadPlaceConfig(place).catch(() => undefined);
  return containerSignals(config, runningInit(initPid));
}
