// A tree copied with all that it has: owners, modes, times, links, holes, attributes, access lists and capabilities.

import { realpathSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { runInSandbox } from './sandbox.ts';

/**
 * Copies what is in `from` into the directory `to`; the filesystem shares the blocks of both where it can (btrfs, xfs). Mounts
 * beneath `from` are not entered. Throws COPY_FAILED with the first cause.
 */
export async function copyTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const real = realpathSync(from);
  const view = {
    source: real,
    target: real,
    directory: real,
    argv: ['cp', '--archive', '--reflink=auto', '--one-file-system', '--', '.', realpathSync(to)],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  };
  const result = await runInSandbox(view, { diesWithUs: true, ...(signal === undefined ? {} : { signal }) });
  if (result.exitCode === 0) return;
  const why = result.startError ?? result.stderr.split('\n')[0];
  throw new TslxcError('COPY_FAILED', `${from} could not be copied to ${to}: ${why}`);
}
