// Which signals end and reboot a container.

import { loadPlaceConfig } from './config.ts';
import type { Place } from './place.ts';

export interface ContainerSignals {
  /** In order of preference; the first that init listens to is meant. */
  readonly halt: readonly number[];
  readonly reboot: number;
  readonly stop: number;
}

const SIGINT = 2;
const SIGKILL = 9;
const SIGPWR = 30;
/** systemd's, in the kernel's counting; an init that listens to it is systemd (LXC's rule too). */
const SIGRTMIN_PLUS_3 = 37;

/** lxc.signal.*, or what LXC uses without them. A config that no longer loads does not keep a container from being stopped. */
export async function signalsOf(place: Place): Promise<ContainerSignals> {
  const config = await loadPlaceConfig(place).catch(() => undefined);
  const { halt, reboot, stop } = config?.signal ?? {};
  return {
    halt: halt?.value ? [halt.value] : [SIGRTMIN_PLUS_3, SIGPWR],
    reboot: reboot?.value || SIGINT,
    stop: stop?.value || SIGKILL,
  };
}
