// Whom an image's User means, by the accounts in its own tree.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { TslxcError } from '../../base/errors.ts';
import { openBeneath } from '../../host/beneath.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Other groups. */
  readonly groups: readonly number[];
  readonly home: string;
}

const MOST_BYTES = 8 << 20;
const MOST_ID = 0xffff_fffe;

/** `NAME|UID[:GROUP|GID]`; empty: root. Throws IMAGE_INVALID for one that the image does not know. */
export function findUser(rootfs: string, text: string): User {
  const [name = '', group, ...more] = text.split(':');
  if (more.length > 0) throw unknown(text, 'it is not USER[:GROUP]');
  const accounts = readTable(rootfs, 'etc/passwd');
  const groups = readTable(rootfs, 'etc/group');
  const wanted = name === '' ? '0' : name;
  const account =
    accounts.find(fields => fields[0] === wanted) ?? accounts.find(fields => fields[2] === wanted);
  const uid = id(account?.[2] ?? wanted);
  if (uid === undefined) throw unknown(text, `the image's /etc/passwd has no ${wanted}`);
  const known = { uid, home: account?.[5]?.startsWith('/') ? account[5] : '/' };
  if (group !== undefined && group !== '') {
    const gid = id(groups.find(fields => fields[0] === group)?.[2] ?? group);
    if (gid === undefined) throw unknown(text, `the image's /etc/group has no ${group}`);
    return { ...known, gid, groups: [] };
  }
  const gid = id(account?.[3] ?? '') ?? 0;
  const others = groups.filter(
    fields => account?.[0] !== undefined && fields[3]?.split(',').includes(account[0]),
  );
  const ids = others.map(fields => id(fields[2] ?? '')).filter(other => other !== undefined && other !== gid);
  return { ...known, gid, groups: [...new Set(ids as number[])] };
}

function id(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= MOST_ID ? Number(text) : undefined;
}

function unknown(text: string, why: string): TslxcError {
  return new TslxcError('IMAGE_INVALID', `the image is to run as ${JSON.stringify(text)}: ${why}`);
}

/** The fields of each line; nothing when there is no such file. No link leads out of the tree, and no fifo is waited for. */
function readTable(rootfs: string, path: string): string[][] {
  const directory = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openBeneath(directory, path, constants.O_RDONLY);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.size > MOST_BYTES) return [];
      const lines = readFileSync(fd, 'utf8').split('\n');
      return lines.filter(line => line !== '' && !line.startsWith('#')).map(line => line.split(':'));
    } finally {
      closeSync(fd);
    }
  } catch {
    return [];
  } finally {
    closeSync(directory);
  }
}
