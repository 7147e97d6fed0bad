// Which namespaces are new, which are joined, which stay the host's.

import type { ContainerConfig, NamespaceWord } from '../config/model.ts';
import type { HostFacts, LaunchInput } from '../facts/model.ts';
import type { SetWord } from './opcodes.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';

export interface Namespaces {
  /** Made for this container. */
  readonly fresh: ReadonlySet<NamespaceWord>;
  /** Of another process, in the order in which they are joined. */
  readonly joined: LaunchInput['share'];
}

/** Order in which the kernel's words are written in plans. */
const ORDER: readonly NamespaceWord[] = ['mnt', 'cgroup', 'uts', 'ipc', 'user', 'pid', 'net'];

/** Throws CANNOT_START or NOT_CARRIED_OUT for a choice that cannot be started here. */
export function decideNamespaces(config: ContainerConfig, host: HostFacts, input: LaunchInput): Namespaces {
  const fresh = new Set(chosenWords(config, host));
  for (const { kind } of input.share) fresh.delete(kind);
  checkChoice(config, host, fresh);
  return { fresh, joined: input.share };
}

/** The namespaces of clone_init as its op takes them. */
export function cloneWords(
  namespaces: Namespaces,
  except: readonly NamespaceWord[] = [],
): SetWord<'namespace'>[] {
  return ORDER.filter(word => namespaces.fresh.has(word) && !except.includes(word));
}

function chosenWords(config: ContainerConfig, host: HostFacts): NamespaceWord[] {
  const usual = usualWords(config, host);
  const { clone, keep } = config.namespace;
  if (clone) return [...clone.value];
  if (keep) return usual.filter(word => !keep.value.includes(word));
  return usual;
}

function usualWords(config: ContainerConfig, host: HostFacts): NamespaceWord[] {
  const words: NamespaceWord[] = ['mnt', 'pid', 'uts', 'ipc'];
  const hostNetwork = config.net.length > 0 && config.net.every(net => net.type.value === 'none');
  if (!hostNetwork) words.push('net');
  if (config.idmap.length > 0) words.push('user');
  if (host.namespaces.includes('cgroup')) words.push('cgroup');
  if (config.timeOffset.boot || config.timeOffset.monotonic) words.push('time');
  return words;
}

function checkChoice(config: ContainerConfig, host: HostFacts, fresh: ReadonlySet<NamespaceWord>): void {
  const chosenAt = (config.namespace.clone ?? config.namespace.keep)?.origin ?? {
    rule: 'the usual namespaces',
  };
  for (const word of fresh) {
    if (!host.namespaces.includes(word)) throw cannotStart(`this kernel has no ${word} namespaces`, chosenAt);
  }
  if (!fresh.has('mnt')) throw notCarriedOut('a container without a mount namespace of its own', chosenAt);
  const idmap = config.idmap[0];
  if (fresh.has('user') !== (idmap !== undefined)) {
    const message = idmap
      ? 'lxc.idmap needs a user namespace, which is not among the new ones'
      : 'a user namespace without lxc.idmap would have no ids';
    throw cannotStart(message, idmap?.origin ?? chosenAt);
  }
  for (const word of ['mnt', 'user', 'time'] as const) {
    const share = config.namespace.share[word];
    if (share) throw notCarriedOut(`lxc.namespace.share.${word}`, share.origin);
  }
  if (config.namespace.keep?.value.includes('net') && fresh.has('user')) {
    throw cannotStart(
      "the host's network cannot be kept with a user namespace",
      chosenAt,
      'keep user too, or drop the idmap',
    );
  }
}
