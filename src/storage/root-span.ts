// Root's own span of subordinate ids, made once in /etc/subuid and /etc/subgid.

import {
  appendFileSync,
  chmodSync,
  closeSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TslxcError } from '../base/errors.ts';
import {
  freeRootSpan,
  type IdSpan,
  parseSubids,
  RANGE_IDS,
  ROOT_SPAN_IDS,
  rangeBases,
} from '../base/id-spans.ts';
import { textOf } from '../host/directories.ts';
import type { IdRangeSettings } from './id-ranges.ts';
import { liveIdMaps } from './live-id-maps.ts';

const LOCK_WAIT_MS = 10_000;

/** The ids in the third field of passwd or group lines: real users must not meet a container's. */
function accountIds(file: string): IdSpan[] {
  return textOf(file)
    .split('\n')
    .map(line => line.split(':')[2])
    .filter((id): id is string => id !== undefined && /^\d+$/.test(id))
    .map(id => ({ first: Number(id), count: 1 }));
}

/** Holds the file the way shadow's own tools do (FILE.lock, a link to a file with our pid), so that useradd waits for us. */
async function withShadowLock<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  const own = `${file}.${process.pid}`;
  const lock = `${file}.lock`;
  const deadline = Date.now() + LOCK_WAIT_MS;
  writeFileSync(own, `${process.pid}\0`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(own, lock);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if (Date.now() > deadline) {
          throw new TslxcError('SUBID_LOCKED', `${lock} is held by another program`, {
            hint: `remove ${lock} if no useradd, usermod or tslxc runs`,
          });
        }
        await delay(50);
      }
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Adds one line; those that are there keep their bytes. By rename, or by append where the file is a mount point. */
function addLine(file: string, line: string): void {
  const text = textOf(file);
  const addition = `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
  const draft = `${file}.tslxc-${process.pid}`;
  const fd = openSync(draft, 'wx', 0o644);
  try {
    writeFileSync(fd, text + addition);
    if (text !== '') {
      const { uid, gid, mode } = statSync(file);
      fchownSync(fd, uid, gid);
      chmodSync(draft, mode & 0o7777);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    appendFileSync(file, addition, { flush: true });
  }
  syncDirectory(dirname(file));
}

/** What ensureRootSpan did. */
export interface RootSpan extends IdSpan {
  /** The files that got a line; empty when root had its span. */
  readonly added: readonly string[];
}

function usableRanges(settings: IdRangeSettings): number[] {
  return [...rangeBases(parseSubids(textOf(settings.subuidFile)), parseSubids(textOf(settings.subgidFile)))];
}

/**
 * Gives root a span of 65536 × 4096 ids in the subuid and subgid files unless they give it at least `ranges` whole ranges
 * already. The span meets no other line, no user's or group's id and no live id map; lines that are there are not changed.
 * Throws NO_ID_SPAN where there is no room, SUBID_LOCKED when another program holds a file for 10 s.
 */
export async function ensureRootSpan(settings: IdRangeSettings, ranges = 1): Promise<RootSpan> {
  const usable = usableRanges(settings);
  if (usable.length >= ranges && usable[0] !== undefined) {
    return { first: usable[0], count: usable.length * RANGE_IDS, added: [] };
  }
  const addUnlessThere = () => {
    const again = usableRanges(settings); // another create may have been faster
    if (again.length >= ranges && again[0] !== undefined) {
      return { first: again[0], count: again.length * RANGE_IDS, added: [] };
    }
    return addRootSpan(settings);
  };
  return withShadowLock(settings.subuidFile, () => withShadowLock(settings.subgidFile, addUnlessThere));
}

function addRootSpan(settings: IdRangeSettings): RootSpan {
  const files = [settings.subuidFile, settings.subgidFile];
  const span = freeRootSpan([
    ...files.flatMap(file => parseSubids(textOf(file))),
    ...accountIds('/etc/passwd'),
    ...accountIds('/etc/group'),
    ...liveIdMaps(),
  ]);
  if (span === undefined) {
    throw new TslxcError('NO_ID_SPAN', `no ${ROOT_SPAN_IDS} free ids below 2^31 in ${files.join(' and ')}`, {
      hint: `add a line root:FIRST:COUNT to both, COUNT at least ${RANGE_IDS}`,
    });
  }
  for (const file of files) addLine(file, `root:${span.first}:${span.count}`);
  return { ...span, added: files };
}
