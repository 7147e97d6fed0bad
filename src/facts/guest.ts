// What a stopped container's tree is: asked of the executor, which trusts nothing that lies in it.

import { splitCommand } from '../base/command-line.ts';
import { TslxcError } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import { askExecutor } from '../host/executor.ts';
import type { GuestFacts } from './model.ts';

const PROBED: ReadonlySet<string> = new Set(['dir', 'overlay']);

/** Probes the rootfs of a config. Throws ROOTFS_UNREADABLE with the line to blame when it cannot be opened. */
export async function probeGuest(config: ContainerConfig): Promise<GuestFacts> {
  const rootfs = config.rootfs.path;
  // The planner refuses both by name.
  if (!rootfs || !PROBED.has(rootfs.value.type ?? 'dir'))
    return { init: { kind: 'other' }, idmappable: false, stored: 'unshifted', is32Bit: false };
  const { type = 'dir', spec } = rootfs.value;
  const [init = '/sbin/init'] = splitCommand(config.init.cmd.value);
  const { status, stdout, stderr } = await askExecutor([
    'probe',
    'guest',
    '--rootfs',
    `${type}:${spec}`,
    '--init',
    init,
  ]);
  if (status === 0) return JSON.parse(stdout) as GuestFacts;
  const reason = stderr.trim().replace(/^probe: /, '');
  throw new TslxcError('ROOTFS_UNREADABLE', reason === '' ? `the rootfs ${spec} cannot be read` : reason, {
    origin: rootfs.origin,
    hint: 'see whether lxc.rootfs.path names a tree of this container',
  });
}
