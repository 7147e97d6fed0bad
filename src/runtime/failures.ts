// What the executor reports, in the user's words: the config line to blame, what was being done, why it failed, what to do.

import { type Origin, TslxcError } from '../base/errors.ts';
import type { StatusRecord } from '../host/executor.ts';
import type { Op, Plan } from '../plan/model.ts';
import { errnoName, errnoText } from './errno.ts';

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
  const why = record.errno === 0 ? '' : errnoText(record.errno);
  const what = [record.text, why].filter(part => part !== '').join(': ');
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

function keyOf(origin: Origin): string | undefined {
  return 'file' in origin ? origin.key : undefined;
}

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
    case 'tree_open ENOENT':
    case 'tree_attach ENOENT':
      return 'make it, or add create=dir or create=file and optional to the entry';
    default:
      return errno === 'ESTALE' ? 'something changed between planning and starting: start again' : undefined;
  }
}
