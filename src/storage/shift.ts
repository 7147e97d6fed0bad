// Where a filesystem takes no idmapped mount, and for containers of LXC, ids on disk are those of the container's map. A copy made
// by a process inside such a user namespace has them by itself: owners, ACLs and file capabilities are all translated by the
// kernel, nothing is walked by us, and no path in the tree is named.

import { chownSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { nsIdOf } from '../base/ids.ts';
import type { IdMapping } from '../config/model.ts';
import { pipeIntoUserNamespace } from '../host/user-namespace.ts';
import { ownNamespace } from './own-namespace.ts';
import { inPrivateView, removeTree } from './removal.ts';

/** Everything but device nodes, which no user namespace may make: a container's /dev is not on its disk. */
const PACK =
  'find . -xdev ! -type b ! -type c -print0 | tar --create --null --no-recursion --files-from=- --numeric-owner --sparse --xattrs --xattrs-include="*" --acls';
const UNPACK = [
  'tar',
  '--extract',
  '--preserve-permissions',
  '--same-owner',
  '--numeric-owner',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
] as const;

/** Where the map's root is on the host. */
function hostRoot(maps: readonly IdMapping[], kind: 'u' | 'g'): number {
  const map = maps.find(one => one.kind === kind && one.nsId === 0);
  if (map !== undefined) return map.hostId;
  throw new TslxcError('CONFIG_INVALID', `lxc.idmap maps no ${kind === 'u' ? 'uid' : 'gid'} 0`);
}

function mapText(maps: readonly IdMapping[], kind: 'u' | 'g'): string {
  return maps
    .filter(map => map.kind === kind)
    .map(({ nsId, hostId, count }) => `${nsId} ${hostId} ${count}\n`)
    .join('');
}

/**
 * Replaces `parent/name` by a copy whose ids are shifted by `maps`. `spare`, on the same filesystem, takes the two trees while
 * they change places. Throws SHIFT_FAILED; device nodes are left out.
 */
export async function shiftTree(
  directory: string,
  spare: string,
  maps: readonly IdMapping[],
  signal?: AbortSignal,
): Promise<void> {
  const copy = join(spare, 'shifted');
  const old = join(spare, 'unshifted');
  mkdirSync(copy, { mode: statSync(directory).mode & 0o7777 });
  chownSync(copy, hostRoot(maps, 'u'), hostRoot(maps, 'g'));
  const { ok, text } = await pipeIntoUserNamespace({
    uidMap: mapText(maps, 'u'),
    gidMap: mapText(maps, 'g'),
    source: { argv: ['sh', '-c', PACK], cwd: directory },
    target: { argv: UNPACK, cwd: copy },
    ...(signal === undefined ? {} : { signal }),
  });
  if (!ok) {
    throw new TslxcError(
      'SHIFT_FAILED',
      `${directory} could not be copied with shifted ids: ${text.split('\n')[0]}`,
    );
  }
  renameSync(directory, old);
  renameSync(copy, directory);
  await removeTree(old);
}

/**
 * Gives a directory to the map's root. The container's own (`whose`) keeps a plain user's group: so LXC makes it, and the user goes on
 * reaching it.
 */
export async function giveToMapRoot(
  directory: string,
  maps: readonly IdMapping[],
  whose: 'tree' | 'container' = 'tree',
): Promise<void> {
  const [uid, gid] = [hostRoot(maps, 'u'), hostRoot(maps, 'g')];
  const own = ownNamespace();
  if (own === undefined) {
    chownSync(directory, uid, gid);
    return;
  }
  const [owner, group] = [nsIdOf(own.uids, uid), nsIdOf(own.gids, gid)];
  if (owner === undefined || group === undefined) {
    throw new TslxcError('CONFIG_INVALID', `lxc.idmap: ${uid} or ${gid} is none of this user's ids`, {
      hint: 'see its lines in /etc/subuid and /etc/subgid',
    });
  }
  const to = whose === 'container' ? `${owner}` : `${owner}:${group}`;
  const result = await inPrivateView(directory, ['chown', '--', to, '.']);
  if (result?.exitCode === 0) return;
  throw new TslxcError(
    'SHIFT_FAILED',
    `${directory} can't be given to the container: ${result?.stderr ?? ''}`,
  );
}

/**
 * What a template made in `directory` as another id than its caller's, its caller owns again: the config, downloads that other
 * containers will use too. `only` names one file. Throws SHIFT_FAILED.
 */
export async function takeBack(directory: string, only?: string): Promise<void> {
  const which = only === undefined ? [] : ['-maxdepth', '1', '-name', only];
  const give = ['!', '-uid', '0', '-exec', 'chown', '--no-dereference', '0:0', '--', '{}', '+'];
  const result = await inPrivateView(directory, ['find', '.', '-xdev', ...which, ...give]);
  if (result === undefined || result.exitCode === 0) return;
  throw new TslxcError('SHIFT_FAILED', `${directory} can't be taken back: ${result.stderr.split('\n')[0]}`);
}
