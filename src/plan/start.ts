// What every part of the launch recipe looks at, and the plan that it adds to.

import type { Origin } from '../base/errors.ts';
import { hostIdOf, type IdRange } from '../base/ids.ts';
import type { ContainerConfig } from '../config/model.ts';
import type { GuestFacts, HostFacts, LaunchInput } from '../facts/model.ts';
import { type Actor, PlanBuilder } from './model.ts';
import { decideNamespaces, type Namespaces } from './namespaces.ts';
import type { OpFields, OpName } from './opcodes.ts';
import { cannotStart } from './refusal.ts';

/** Who the container's ids are on the host. */
export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** The container's root on the host. */
  readonly rootUid: number;
  readonly rootGid: number;
  readonly origin: Origin;
}

export interface Start {
  readonly config: ContainerConfig;
  readonly host: HostFacts;
  readonly guest: GuestFacts;
  readonly input: LaunchInput;
  readonly plan: PlanBuilder;
  /** Present when there is a user namespace. */
  readonly idmaps: IdMaps | undefined;
  readonly namespaces: Namespaces;
  /** Started by a plain user: no detached trees, no idmapped mounts, helpers for the maps. */
  readonly rootless: boolean;
  /**
   * Trees of the host pass through a mount namespace that the host owns, so that the kernel locks their flags when the
   * container's own is copied from it: what the child attaches itself, its root could remount.
   */
  readonly staged: boolean;
  /** Where the rootfs is mounted until pivot. */
  readonly mount: string;
  add<N extends OpName>(actor: Actor, origin: Origin, name: N, fields: OpFields[N]): void;
}

export function rule(text: string): Origin {
  return { rule: text };
}

/** Makes the decisions that more than one part needs. */
export function beginStart(
  config: ContainerConfig,
  host: HostFacts,
  guest: GuestFacts,
  input: LaunchInput,
): Start {
  const plan = new PlanBuilder();
  const namespaces = decideNamespaces(config, host, input);
  const idmaps = namespaces.fresh.has('user') ? readIdMaps(config) : undefined;
  const rootless = host.uid !== 0;
  return {
    config,
    host,
    guest,
    input,
    plan,
    idmaps,
    namespaces,
    rootless,
    staged: idmaps !== undefined && !rootless,
    mount: config.rootfs.mount?.value ?? input.rootfsMount,
    add: (actor, origin, name, fields) => plan.add(actor, origin, name, fields),
  };
}

function readIdMaps(config: ContainerConfig): IdMaps | undefined {
  const [first] = config.idmap;
  if (!first) return undefined;
  const ranges = (kind: 'u' | 'g') =>
    config.idmap.map(({ value }) => value).filter(mapping => mapping.kind === kind);
  const uids = ranges('u');
  const gids = ranges('g');
  return {
    uids,
    gids,
    rootUid: rootOf(uids, 'u', first.origin),
    rootGid: rootOf(gids, 'g', first.origin),
    origin: first.origin,
  };
}

/** Init starts as root of the container: the kernel refuses a name without a number behind it, and does not say which. */
function rootOf(ranges: readonly IdRange[], kind: 'u' | 'g', origin: Origin): number {
  const id = hostIdOf(ranges, 0);
  if (id !== undefined) return id;
  throw cannotStart(
    `no lxc.idmap gives ${kind === 'u' ? 'root' : "root's group"} of the container a host id`,
    origin,
    `add one that starts at 0, as in: lxc.idmap = ${kind} 0 100000 65536`,
  );
}
