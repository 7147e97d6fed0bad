// Removes trees that untrusted code has written.
//
// No path under such a tree is ever named here. `rm` walks by descriptor and follows no link, but it would cross a bind mount of
// the same filesystem; so it is given a private, non-recursive bind of the tree, a view in which no mount exists beneath. Mounts
// that the host itself has beneath are refused by name first: removing their mount points would detach them there.

import { existsSync, realpathSync, rmdirSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import type { ProgramResult } from '../host/program.ts';
import { mountsBeneath } from './mounts-beneath.ts';
import { ownNamespace } from './own-namespace.ts';
import { runInSandbox } from './sandbox.ts';

/** Runs a program in a view of the directory in which no mount exists beneath. Undefined when the directory is gone. */
export async function inPrivateView(
  directory: string,
  argv: readonly string[],
): Promise<ProgramResult | undefined> {
  let real: string;
  try {
    real = realpathSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const ids = ownNamespace();
  const view = {
    ...{ source: real, target: real, directory: real, argv, env: { PATH: STANDARD_PATH } },
    ...(ids && { ids }),
  };
  // Its own session: a second Ctrl-C must not leave half a tree.
  return await runInSandbox(view, { detached: true });
}

const STANDARD_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

function refuseMounts(directory: string): void {
  const [point] = mountsBeneath(directory);
  if (point === undefined) return;
  throw new TslxcError('MOUNTED_BENEATH', `${point} is a mount point`, {
    hint: `unmount it first: umount ${point}`,
  });
}

/**
 * Empties `directory` except for the entries in `keep`; what others mounted beneath is refused (MOUNTED_BENEATH), never
 * emptied. Immutable files are made mutable. Throws REMOVE_FAILED with the first thing that can't be removed.
 */
export async function emptyTree(directory: string, keep: readonly string[] = []): Promise<void> {
  if (!existsSync(directory)) return; // another command was faster
  refuseMounts(directory);
  const spared = keep.flatMap(name => ['!', '-name', name]);
  const remove = ['-exec', 'rm', '-rf', '--one-file-system', '--', '{}', '+'];
  const find = ['find', '.', '-mindepth', '1', '-maxdepth', '1', ...spared, ...remove];
  let result = await inPrivateView(directory, find);
  if (result === undefined || result.exitCode === 0) return;
  await inPrivateView(directory, ['chattr', '-R', '-f', '-i', '-a', '.']);
  result = await inPrivateView(directory, find);
  if (result === undefined || result.exitCode === 0 || !existsSync(directory)) return;
  const why =
    result.startError === undefined ? result.stderr.split('\n')[0] : `the executor: ${result.startError}`;
  throw new TslxcError('REMOVE_FAILED', `${directory} can't be removed: ${why}`);
}

/** Empties and removes a directory; nothing when it is not there. */
export async function removeTree(directory: string): Promise<void> {
  await emptyTree(directory);
  removeEmptyDirectory(directory);
}

/** Removes a directory that is empty; one that is not, or is not there, is left as it is. */
export function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(code)) throw error;
  }
}
