// The kernel's errors in words.

import { getSystemErrorMap } from 'node:util';

/** `no such file or directory`; the number alone for one that nobody knows. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`;
}

/** `ENOENT`. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`;
}
