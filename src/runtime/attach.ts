// A command inside a running container: this process becomes the executor, which enters and runs it.

import { randomBytes } from 'node:crypto';
import { TslxcError } from '../base/errors.ts';
import type { NamespaceWord } from '../config/model.ts';
import { collectHostFacts } from '../facts/host.ts';
import type { AttachInput } from '../facts/model.ts';
import { collectRunningFacts } from '../facts/running.ts';
import { becomeExecutor } from '../host/executor.ts';
import { sealedMemfd } from '../host/memfd.ts';
import { processStat } from '../host/procfs.ts';
import { compileAttach } from '../plan/attach.ts';
import { planBytes } from '../plan/bytes.ts';
import { payloadPaths } from '../plan/cgroup-paths.ts';
import type { Plan } from '../plan/model.ts';
import { loadPlaceConfig } from './config.ts';
import { heldByLxc } from './lifecycle.ts';
import type { Place } from './place.ts';
import { seccompOf } from './seccomp.ts';
import { observe } from './state.ts';

export const ELEVATIONS = ['CAP', 'CGROUP', 'LSM'] as const;
export type Elevation = (typeof ELEVATIONS)[number];

export interface AttachRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly umask: number;
  /** Which of 0, 1 and 2 are terminals. */
  readonly terminals: readonly [boolean, boolean, boolean];
  readonly clearEnv: boolean;
  readonly keepVars: readonly string[];
  readonly setVars: readonly string[];
  readonly elevated: readonly Elevation[];
  readonly remount: boolean;
  readonly command?: readonly string[];
  readonly namespaces?: readonly NamespaceWord[];
  readonly arch?: string;
  readonly ptyLog?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly context?: string;
}

/**
 * Does not return: the command's exit status (128 + the signal that ended it) becomes the caller's. Throws NOT_RUNNING,
 * HELD_BY_LXC, CANNOT_START.
 */
export async function attachHere(place: Place, request: AttachRequest): Promise<never> {
  const plan = await planAttach(place, request);
  return becomeExecutor('run', [], [sealedMemfd('tslxc-plan', planBytes(plan))], request.env);
}

/** The plan of an attach as the container is now. Throws as attachHere does. */
export async function planAttach(place: Place, request: AttachRequest): Promise<Plan> {
  const { initPid, heldByLxc: held } = observe(place);
  if (held) throw heldByLxc(place);
  const starttime = initPid === undefined ? undefined : processStat(initPid)?.starttime;
  if (initPid === undefined || starttime === undefined)
    throw new TslxcError('NOT_RUNNING', `${place.name} is not running`, {
      hint: `start it with: tslxc-start -n ${place.name}`,
    });
  const config = await loadPlaceConfig(place, { env: request.env });
  const host = collectHostFacts();
  const payloads = payloadPaths(config, host, { name: place.name, suffix: place.suffix });
  const running = collectRunningFacts(
    initPid,
    starttime,
    payloads.map(({ version, payload }) => ({ version, path: payload })),
  );
  const filter = request.elevated.includes('LSM') ? undefined : seccompOf(config, host.machine);
  const input: AttachInput = {
    ...request,
    id: randomBytes(8).toString('hex'),
    ...(filter && { seccomp: filter.program }),
  };
  return compileAttach(config, host, running, input);
}
