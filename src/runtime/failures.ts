// What the executor reports, in the user's words: the config line to blame, what was being done, why it failed, what to do.

import { errnoName, errnoText } from '../base/errno.ts';
import { type Origin, TslxcError } from '../base/errors.ts';
import type { StatusRecord } from '../host/executor.ts';
import type { Op, Plan } from '../plan/model.ts';

/** The op with that number, counted over all segments. */
export function opAt(plan: Plan, index: number): Op | undefined {
  let first = 0;
  for (const { ops } of plan.segments) {
    if (index < first + ops.length) return ops[index - first];
    first += ops.length;
  }
  return undefined;
}

/** `lxc.mount.entry (config:37): bind /srv on mnt: no such directory`. */
export function failureOf(plan: Plan, record: StatusRecord, code = 'START_FAILED'): TslxcError {
  const op = opAt(plan, record.index);
  const why =
    record.errno === 0 || SAY_THEMSELVES.has(errnoName(record.errno)) ? '' : errnoText(record.errno);
  const what = [inWords(record.text), why].filter(part => part !== '').join(': ');
  const hint = op && hintFor(op, errnoName(record.errno));
  const key = op && keyOf(op.origin);
  return new TslxcError(
    op === undefined ? 'EXECUTOR_FAILED' : code,
    key === undefined ? what : `${key}: ${what}`,
    {
      ...(op && { origin: op.origin }),
      ...(hint !== undefined && { hint }),
    },
  );
}

/** How a hook ended, and what has changed, is told by the text; these are marks for programs. */
const SAY_THEMSELVES: ReadonlySet<string> = new Set(['EREMOTEIO', 'ESTALE']);

/** The path says more than the call that opens it. */
const inWords = (text: string): string => text.replace(/^openat2 /, '');

function keyOf(origin: Origin): string | undefined {
  return 'file' in origin ? origin.key : undefined;
}

const HINTS: Readonly<Record<string, string>> = {
  ESTALE: 'something changed between planning and starting: start again',
  ELOOP: 'a symbolic link is there, which is never followed: put a directory or file in its place',
};

/** Hints that can be followed, by op and errno. */
function hintFor(op: Op, errno: string): string | undefined {
  switch (`${op.name} ${errno}`) {
    case 'claim_address EADDRINUSE':
      return "LXC's own monitor runs a container of this name: stop it with lxc-stop";
    case 'expect_link ENODEV':
    case 'link_enslave ENODEV':
      return 'make the bridge first, or name another one with lxc.net.N.link';
    case 'exec ENOENT':
      return 'the rootfs has no such program: see lxc.init.cmd';
    case 'exec EACCES':
      return 'is it executable, and can root of the container reach it?';
    case 'exec ENOEXEC':
      return 'is the rootfs of this architecture? see lxc.arch and lxc.init.cmd';
    case 'tree_open ENOENT':
      return 'make it, or add optional to the entry';
    case 'tree_attach ENOENT':
      return 'make it in the rootfs, or add create=dir or create=file to the entry';
    case 'fs_mount ENODEV':
      return 'the kernel has no such filesystem: see /proc/filesystems';
    case 'resource_limit EPERM':
      return 'only CAP_SYS_RESOURCE raises a limit above the hard one of the caller: see ulimit -H -a';
    default:
      return HINTS[errno];
  }
}
