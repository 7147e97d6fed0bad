// Which signal means what to the guest's init.

import type { ContainerConfig } from '../config/model.ts';
import type { InitKind } from '../facts/model.ts';

const SIGINT = 2;
const SIGKILL = 9;
const SIGUSR2 = 12;
const SIGTERM = 15;
const SIGPWR = 30;
const SIGRTMIN = 34;

/** What asks an init for a clean halt, where lxc.signal.halt does not say. busybox: USR1 halts, USR2 powers off. */
const HALT: Readonly<Record<InitKind, number>> = {
  systemd: SIGRTMIN + 3,
  busybox: SIGUSR2,
  openrc: SIGPWR,
  sysvinit: SIGPWR,
  upstart: SIGPWR,
  other: SIGPWR,
  missing: SIGPWR,
};

/** The number of the signal that asks this container's init to halt. */
export function haltSignal(config: ContainerConfig, init: InitKind): number {
  return config.signal.halt?.value ?? HALT[init];
}

/** The number of the signal that asks this container's init to reboot. */
export function rebootSignal(config: ContainerConfig, init: InitKind): number {
  return config.signal.reboot?.value ?? (init === 'busybox' ? SIGTERM : SIGINT);
}

/** The number of the signal that ends this container without asking. */
export function stopSignal(config: ContainerConfig): number {
  return config.signal.stop?.value ?? SIGKILL;
}
