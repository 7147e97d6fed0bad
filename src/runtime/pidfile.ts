// The file of --pidfile: known to be writable before anything starts, gone with the container.

import { rmSync, writeFileSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { readFailure } from '../config/source.ts';

/**
 * Runs `work` with the file made and empty; a start that fails removes it. Throws PIDFILE_UNWRITABLE before anything has started:
 * after the start it would leave a container that its caller knows nothing of.
 */
export async function withPidfileMade<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  if (file === undefined) return await work();
  try {
    writeFileSync(file, '');
  } catch (cause) {
    throw new TslxcError('PIDFILE_UNWRITABLE', `cannot write the pid file ${file}: ${readFailure(cause)}`, {
      cause,
      hint: 'name a file in a directory that is there',
    });
  }
  try {
    return await work();
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}
