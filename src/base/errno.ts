// The kernel's errors in words.

import { getSystemErrorMap } from 'node:util';
import { TslxcError } from './errors.ts';

/** Those that not every libuv, and so not every Node, knows; the same words everywhere. */
const MORE: Readonly<Record<number, readonly [string, string]>> = {
  8: ['ENOEXEC', 'not a program that this kernel can run'],
  10: ['ECHILD', 'no child process'],
  35: ['EDEADLK', 'would wait for itself'],
  37: ['ENOLCK', 'no locks available'],
  61: ['ENODATA', 'no data available'],
  62: ['ETIME', 'time is over'],
  74: ['EBADMSG', 'not a message'],
  75: ['EOVERFLOW', 'value too large for its type'],
  87: ['EUSERS', 'too many users'],
  115: ['EINPROGRESS', 'under way'],
  116: ['ESTALE', 'not what it was'],
  117: ['EUCLEAN', 'the filesystem needs cleaning'],
  122: ['EDQUOT', 'quota exceeded'],
};

const known = (errno: number): readonly [string, string] | undefined =>
  MORE[errno] ?? getSystemErrorMap().get(-errno);

/** `no such file or directory`; the number alone for one that nobody knows. */
export function errnoText(errno: number): string {
  return known(errno)?.[1] ?? `error ${errno}`;
}

/** `ENOENT`. */
export function errnoName(errno: number): string {
  return known(errno)?.[0] ?? `E${errno}`;
}

/** What a host may refuse to anybody, with what to do about it. */
const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: 'run it as a user who may, root as a rule',
  EPERM: 'run it as a user who may, root as a rule',
  ENOSPC: 'make room on that filesystem',
  EDQUOT: 'make room in the quota of that filesystem',
  EROFS: 'remount that filesystem to be written to',
  EMFILE: 'raise the limit of open files: ulimit -n',
  ENFILE: 'raise the limit of open files: fs.file-max',
};

/** The failure that a user can act on when the host refused a call; undefined for any other error, which is a fault of ours. */
export function hostRefusal(error: unknown): TslxcError | undefined {
  const { code, errno, path } = error as NodeJS.ErrnoException;
  const hint = code === undefined ? undefined : REFUSALS[code];
  if (!(error instanceof Error) || hint === undefined || errno === undefined) return undefined;
  const what = path === undefined ? error.message : `${path}: ${errnoText(Math.abs(errno))}`;
  return new TslxcError('HOST_REFUSED', what, { cause: error, hint });
}
