import { TslxcError } from '../base/errors.ts';
import { installation } from '../host/installation.ts';
import { runProgram } from '../host/program.ts';

/** Whether the filesystem under `directory` takes idmapped mounts, found out by making one. Throws PROBE_FAILED. */
export async function isIdmappable(directory: string): Promise<boolean> {
  const args = ['probe', 'guest', '--rootfs', `dir:${directory}`];
  const { exitCode, stdout, stderr, startError } = await runProgram(installation().executor, args);
  if (exitCode === 0) return (JSON.parse(stdout) as { idmappable: boolean }).idmappable;
  throw new TslxcError('PROBE_FAILED', `${directory} could not be looked at: ${startError ?? stderr}`);
}
