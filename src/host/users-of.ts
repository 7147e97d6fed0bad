// Who works in a directory: what `fuser -m` would say, for messages.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface DirectoryUser {
  readonly pid: number;
  /** Its name as the kernel shows it. */
  readonly name: string;
}

/** Processes whose root, working directory, program or open file is at or beneath `directory`; those that we may not look at are not seen. */
export function usersOf(directory: string): DirectoryUser[] {
  const isBeneath = (path: string | undefined) => path === directory || path?.startsWith(`${directory}/`);
  return readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid) && linksOf(pid).some(isBeneath))
    .map(pid => ({ pid: Number(pid), name: nameOf(pid) }));
}

function linksOf(pid: string): (string | undefined)[] {
  const place = `/proc/${pid}`;
  const open = namesIn(`${place}/fd`).map(fd => `${place}/fd/${fd}`);
  return [`${place}/root`, `${place}/cwd`, `${place}/exe`, ...open].map(targetOf);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // ended meanwhile, or not ours to see
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process that has ended';
  }
}
