// Who calls: root, or a plain user with the ids that /etc/subuid and /etc/subgid give it.

import { userInfo } from 'node:os';
import { parseSubids, type SubidLine, spansOf } from '../base/id-spans.ts';
import { textOf } from './directories.ts';

export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** As whom its lines in subuid and subgid may be written. */
  readonly names: readonly string[];
}

/** The plain user that this process acts for; undefined for root. */
export function plainCaller(): Caller | undefined {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  if (uid === 0) return undefined;
  return { uid, gid, names: [nameOf(uid), String(uid)].filter(name => name !== undefined) };
}

function nameOf(uid: number): string | undefined {
  try {
    const info = userInfo();
    return info.uid === uid ? info.username : undefined;
  } catch {
    return undefined; // an id without an account
  }
}

/** Its spans of further user and group ids. Always the system's files: newuidmap reads no other. */
export function subordinateIds({ names }: Caller): {
  readonly uids: SubidLine[];
  readonly gids: SubidLine[];
} {
  const spans = (file: string) => spansOf(parseSubids(textOf(file)), names);
  return { uids: spans('/etc/subuid'), gids: spans('/etc/subgid') };
}
