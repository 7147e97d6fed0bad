// The filter of a container: its start loads it, and attached processes get the same.

import { TslxcError } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import { readProc } from '../host/procfs.ts';
import { type CompiledSeccomp, compileSeccompFile } from '../host/seccomp.ts';

/** Undefined without a profile, and where a filter is active already: LXC loads another only when told to. */
export function seccompOf({ seccomp }: ContainerConfig, machine: string): CompiledSeccomp | undefined {
  if (!seccomp.profile) return undefined;
  const filtered = /^Seccomp:\s*2$/m.test(readProc('/proc/self/status') ?? '');
  if (filtered && !seccomp.allowNesting.value) return undefined;
  try {
    return compileSeccompFile(seccomp.profile.value, machine);
  } catch (cause) {
    if (!(cause instanceof TslxcError) || cause.origin) throw cause;
    throw new TslxcError(cause.code, cause.message, {
      cause,
      origin: seccomp.profile.origin,
      ...(cause.hint && { hint: cause.hint }),
    });
  }
}
