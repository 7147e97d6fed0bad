// Unix sockets beyond node:net: names in deep directories, descriptors in messages, and who is at the other end.

import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { addon } from './addon.ts';
import { O_PATH } from './beneath.ts';

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A connected, blocking stream socket to `path`, whose directory may be of any length. Throws Node-like errors. */
export function connectUnix(path: string): number {
  const directory = openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  try {
    return addon().connectUnix(directory, basename(path));
  } finally {
    closeSync(directory);
  }
}

/** Two connected stream sockets. */
export const socketPair = (): [number, number] => addon().socketPair();

/** Who connected or made the other end, as the kernel recorded it then. */
export const peerCredentials = (socket: number): PeerCredentials => addon().peerCredentials(socket);

/** Sends all of `bytes` (at least one) and, with the first, copies of the descriptors. */
export function sendMessage(socket: number, bytes: Uint8Array, descriptors: readonly number[] = []): void {
  addon().sendMessage(socket, bytes, descriptors);
}

/** Waits for one message; no bytes at end of file. The caller closes the descriptors, which are close-on-exec. */
export function receiveMessage(
  socket: number,
  maxBytes: number,
): { readonly bytes: Buffer; readonly descriptors: readonly number[] } {
  return addon().receiveMessage(socket, maxBytes);
}

/**
 * The abstract addresses bound in this network namespace, without the leading NUL. Looked up in the kernel's table: a bind to find
 * out would make a starting monitor fail, a connect would reach it.
 */
export function abstractAddresses(table: string = readFileSync('/proc/net/unix', 'utf8')): Set<string> {
  const addresses = new Set<string>();
  for (const line of table.split('\n').slice(1)) {
    // Num RefCount Protocol Flags Type St Inode Path; the kernel writes each NUL of an address as @.
    const path = /^(?:\S+\s+){6}\S+ @(.*)$/.exec(line)?.[1];
    if (path !== undefined) addresses.add(path.replace(/@+$/, ''));
  }
  return addresses;
}
