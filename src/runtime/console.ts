// The caller's terminal on a container's console or tty: this process becomes the executor's console client.

import { TslxcError } from '../base/errors.ts';
import { becomeExecutor } from '../host/executor.ts';
import { heldByLxc } from './lifecycle.ts';
import type { Place } from './place.ts';
import { observe } from './state.ts';

export interface ConsoleRequest {
  /** 0 is /dev/console, -1 the first free tty. */
  readonly tty: number;
  /** The byte before `q`. */
  readonly escape: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Does not return: the executor's exit status becomes the caller's. Throws NOT_RUNNING (exit status 1), HELD_BY_LXC. */
export function connectConsole(place: Place, { tty, escape: escapeCode, env }: ConsoleRequest): never {
  const observed = observe(place);
  if (observed.heldByLxc) throw heldByLxc(place);
  if (observed.initPid === undefined) throw new TslxcError('NOT_RUNNING', `${place.name} is not running`);
  if (observed.monitorPid === undefined) {
    throw new TslxcError('NO_MONITOR', `the monitor of ${place.name} was killed, and its terminals with it`, {
      hint: `use tslxc-attach, or restart it with tslxc-stop and tslxc-start`,
    });
  }
  const args = ['--control', place.paths.run, '--tty', String(tty), '--escape', String(escapeCode)];
  return becomeExecutor('console', args, [], env);
}
