// Namespaces that a start joins: found by pid, container name or path, and pinned by device and inode.

import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Origin, TslxcError } from '../base/errors.ts';
import type { ContainerConfig, NamespaceWord } from '../config/model.ts';
import type { LaunchInput } from '../facts/model.ts';
import { type Place, placeOf } from './place.ts';
import { observe } from './state.ts';

/** One entry for each lxc.namespace.share key. Throws SHARE_IMPOSSIBLE naming the line. */
export function sharedNamespaces(place: Place, config: ContainerConfig): LaunchInput['share'] {
  return Object.entries(config.namespace.share).map(([kind, { value, origin }]) => {
    const pid = pidOf(place, value, origin);
    const path = `/proc/${pid}/ns/${kind}`;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) throw impossible(`${value}: process ${pid} has no ${kind} namespace`, origin);
    return { kind: kind as NamespaceWord, path, dev: stat.dev, ino: stat.ino };
  });
}

function pidOf(place: Place, from: string, origin: Origin): number {
  if (/^\d+$/.test(from)) return Number(from);
  const lxcpath = from.includes('/') ? dirname(from) : place.lxcpath;
  const { initPid } = observe(placeOf(place.settings, basename(from), { lxcpath }));
  if (initPid === undefined) throw impossible(`${from} is not running`, origin);
  return initPid;
}

function impossible(why: string, origin: Origin): TslxcError {
  return new TslxcError('SHARE_IMPOSSIBLE', `the namespace can't be shared: ${why}`, {
    origin,
    hint: 'start that container first, or name a process that runs',
  });
}
