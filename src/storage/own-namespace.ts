// What a plain user may do to trees with shifted ids: a user namespace in which its root is the user itself, and in which every id
// that the user may give away is mapped too. Root needs none.

import { TslxcError } from '../base/errors.ts';
import type { IdSpan } from '../base/id-spans.ts';
import type { IdRange } from '../base/ids.ts';
import { type Caller, plainCaller, subordinateIds } from '../host/caller.ts';
import { mapHelpers } from '../host/map-helpers.ts';
import type { NamespaceIds } from '../plan/spawn.ts';

/** Undefined for root. Throws NO_MAP_HELPERS, NO_ID_RANGE with the command that gives the user some. */
export function ownNamespace(): NamespaceIds | undefined {
  const caller = plainCaller();
  if (caller === undefined) return undefined;
  const helpers = mapHelpers();
  const { uids, gids } = subordinateIds(caller);
  if (uids.length === 0 || gids.length === 0) throw noSubordinateIds(caller);
  return { uids: withSelf(caller.uid, uids), gids: withSelf(caller.gid, gids), helpers };
}

/** The caller is id 0, its spans follow one behind the other. */
function withSelf(id: number, spans: readonly IdSpan[]): IdRange[] {
  const ranges: IdRange[] = [{ nsId: 0, hostId: id, count: 1 }];
  let nsId = 1;
  for (const { first, count } of spans) {
    ranges.push({ nsId, hostId: first, count });
    nsId += count;
  }
  return ranges;
}

function noSubordinateIds({ names: [name = ''] }: Caller): TslxcError {
  const span = '100000-165535';
  return new TslxcError('NO_ID_RANGE', `${name} has no ids for containers in /etc/subuid and /etc/subgid`, {
    hint: `root can give some, if they are free: usermod --add-subuids ${span} --add-subgids ${span} ${name}`,
  });
}
