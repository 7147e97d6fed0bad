// Which signal means what to the guest's init.

import type { ContainerConfig } from '../config/model.ts';
import type { InitKind } from '../facts/model.ts';

const SIGINT = 2;
const SIGKILL = 9;
const SIGUSR2 = 12;
const SIGTERM = 15;
const SIGPWR = 30;
/** systemd's clean halt, in the kernel's counting. */
const SIGRTMIN_PLUS_3 = 37;

export interface ContainerSignals {
  /** In order of preference; the first that init listens to is meant. */
  readonly halt: readonly number[];
  readonly reboot: number;
  readonly stop: number;
}

/** lxc.signal.*, else what this init takes. busybox: USR2 powers off, TERM reboots; LXC's own two would pass it by. */
export function containerSignals(config: ContainerConfig | undefined, init: InitKind): ContainerSignals {
  const { halt, reboot, stop } = config?.signal ?? {};
  return {
    halt: halt?.value ? [halt.value] : init === 'busybox' ? [SIGUSR2] : [SIGRTMIN_PLUS_3, SIGPWR],
    reboot: reboot?.value || (init === 'busybox' ? SIGTERM : SIGINT),
    stop: stop?.value || SIGKILL,
  };
}
