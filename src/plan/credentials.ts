// What the container's init may do: capabilities, limits, filters, ids.

import { personality } from '../base/arches.ts';
import { capabilityNumber } from '../base/capabilities.ts';
import type { ContainerConfig } from '../config/model.ts';
import type { HostFacts } from '../facts/model.ts';
import type { PlanBuilder } from './model.ts';
import { ENUMS, type EnumWord } from './opcodes.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const CAP_SYS_RESOURCE = 24n;

/**
 * The bounding set as a mask: all that there is less lxc.cap.drop, or lxc.cap.keep alone. A new user namespace has every
 * capability that the kernel knows; without one there is no more than the caller has.
 */
export function keptCapabilities(config: ContainerConfig, host: HostFacts): bigint {
  const known = (1n << BigInt(host.lastCap + 1)) - 1n;
  const all = config.idmap.length > 0 ? known : known & BigInt(`0x${host.boundingSet}`);
  const mask = (names: readonly { readonly value: string }[]) =>
    names.reduce((bits, { value }) => {
      const number = capabilityNumber(value);
      return number === undefined ? bits : bits | (1n << BigInt(number));
    }, 0n);
  return config.cap.keep ? all & mask(config.cap.keep) : all & ~mask(config.cap.drop);
}

/** /proc files of init, written by the parent: init itself may not. */
export function writeProcFiles({ plan, config }: Launching, process: Slot): void {
  for (const [file, { value, origin }] of config.proc) {
    plan.add('parent', origin, 'process_write', { process, file, value });
  }
}

/**
 * lxc.prlimit.*: the spawner's own, which its child inherits. For another process the kernel wants CAP_SYS_RESOURCE over its
 * user namespace, which root need not have. Throws CANNOT_START for a limit that the kernel does not have.
 */
export function limitResources({ plan, config, host }: Launching): void {
  const openFiles = config.prlimit.has('nofile') ? undefined : host.callerOpenFiles;
  if (config.prlimit.size === 0 && openFiles === undefined) return;
  const process = plan.newSlot();
  plan.add('spawner', rule('limits are inherited'), 'self', { process });
  for (const [name, { value, origin }] of config.prlimit) {
    if (!(name in ENUMS.resource)) throw cannotStart(`lxc.prlimit.${name}: there is no such limit`, origin);
    const resource = name as EnumWord<'resource'>;
    const most = mayRaise(host) ? undefined : host.hardLimits[name];
    if (most !== undefined && (value.hard === undefined || value.hard > BigInt(most))) {
      throw cannotStart(
        `lxc.prlimit.${name}: the caller's own hard limit is ${most}, and it may not raise it`,
        origin,
        `ask for at most ${most}`,
      );
    }
    plan.add('spawner', origin, 'resource_limit', {
      process,
      resource,
      soft: value.soft ?? -1n,
      hard: value.hard ?? -1n,
    });
  }
  if (openFiles === undefined) return;
  const hard = host.hardLimits['nofile'] ?? -1;
  plan.add('spawner', rule("the caller's own limit of open files"), 'resource_limit', {
    process,
    resource: 'nofile',
    soft: hard < 0 ? openFiles : Math.min(openFiles, hard),
    hard,
  });
}

function mayRaise({ boundingSet }: HostFacts): boolean {
  return (BigInt(`0x${boundingSet}`) & (1n << CAP_SYS_RESOURCE)) !== 0n;
}

/** What a start and an attach have in common. */
export interface Launching {
  readonly plan: PlanBuilder;
  readonly config: ContainerConfig;
  readonly host: HostFacts;
}

/** The child becomes the container's root, without the caller's groups, as soon as the maps are written. */
export function becomeRoot(start: Start): void {
  start.add('child', rule("the container's root"), 'identity', { uid: 0, gid: 0, groups: [] });
}

/** What narrows init, from the widest to the narrowest; the filter comes before the capabilities that loading it takes. */
export function narrow(start: Start): void {
  const { config, input } = start;
  setPersonality(start);
  if (!config.keyringInherit.value) start.add('child', config.keyringInherit.origin, 'session_keyring', {});
  if (config.schedCore.value) start.add('child', config.schedCore.origin, 'own_core_scheduling', {});
  setLabels(start);
  if (config.noNewPrivs.value) start.add('child', config.noNewPrivs.origin, 'no_new_privs', {});
  const { profile, notifyProxy, notifyCookie } = config.seccomp;
  for (const [key, setting] of Object.entries({ proxy: notifyProxy, cookie: notifyCookie })) {
    if (setting) throw notCarriedOut(`lxc.seccomp.notify.${key}`, setting.origin);
  }
  if (input.seccomp) {
    start.add('child', profile?.origin ?? rule("tslxc's default filter"), 'seccomp', {
      log: false,
      program: input.seccomp,
    });
  }
  const bounding = keptCapabilities(config, start.host);
  const origin =
    config.cap.keep?.at(-1)?.origin ?? config.cap.drop.at(-1)?.origin ?? rule('no capability is dropped');
  start.add('child', origin, 'capabilities', { bounding });
}

/** Last of all: the ids that init runs as, where it is not root. */
export function takeIdentity(start: Start): void {
  const { uid, gid, groups } = start.config.init;
  if (uid.value === 0 && gid.value === 0 && groups.length === 0) return;
  start.add('child', uid.origin, 'identity', {
    uid: uid.value,
    gid: gid.value,
    groups: groups.map(({ value }) => String(value)),
  });
}

function setPersonality({ config, add }: Start): void {
  if (!config.arch) return;
  const value = personality(config.arch.value);
  if (value) add('child', config.arch.origin, 'personality', { value });
}

function setLabels({ config, host, add }: Start): void {
  const { profile } = config.apparmor;
  const confining = profile && profile.value !== 'unconfined' && profile.value !== 'unchanged';
  if (confining && host.apparmor) {
    if (profile.value === 'generated') {
      throw notCarriedOut(
        'lxc.apparmor.profile = generated',
        profile.origin,
        'name a loaded profile, or unconfined',
      );
    }
    add('child', profile.origin, 'label', { attribute: 'apparmor/exec', value: `exec ${profile.value}` });
  }
  const { context, contextKeyring } = config.selinux;
  if (contextKeyring && host.selinux)
    throw notCarriedOut('lxc.selinux.context.keyring', contextKeyring.origin);
  if (context && host.selinux)
    add('child', context.origin, 'label', { attribute: 'exec', value: context.value });
}
