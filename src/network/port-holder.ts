// Who listens on a port of this network namespace, from /proc. Reads only.

import { readdirSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { readProc } from '../host/procfs.ts';

const UDP_BOUND = '07';
const TCP_LISTEN = '0A';

/** `named (pid 812)`; undefined when nobody is found, or its descriptors can't be seen. */
export function portHolder(port: number, ipv4: bigint): string | undefined {
  const inodes = new Set(
    [...inodesOn('udp', UDP_BOUND, port, ipv4), ...inodesOn('tcp', TCP_LISTEN, port, ipv4)].map(
      inode => `socket:[${inode}]`,
    ),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    if (descriptorsOf(pid).some(target => inodes.has(target))) {
      return `${readProc(`/proc/${pid}/comm`)?.trim() ?? 'a process'} (pid ${pid})`;
    }
  }
  return undefined;
}

/** Sockets on that port of the address or of all addresses. */
function inodesOn(protocol: 'udp' | 'tcp', state: string, port: number, ipv4: bigint): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const found: string[] = [];
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of (readProc(`/proc/net/${table}`) ?? '').split('\n').slice(1)) {
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
      const [, local = '', , st, , , , , , inode] = line.trim().split(/\s+/);
      const [address = '', at] = local.split(':');
      if (at === wanted && st === state && inode && (/^0+$/.test(address) || address === inTable(ipv4)))
        found.push(inode);
    }
  }
  return found;
}

/** The table shows an address as one hexadecimal number of this machine's byte order. */
function inTable(ipv4: bigint): string {
  const bytes = ipv4.toString(16).padStart(8, '0').match(/../g) ?? [];
  return (endianness() === 'LE' ? bytes.reverse() : bytes).join('').toUpperCase();
}

function descriptorsOf(pid: string): string[] {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).map(fd => readlinkSync(`${directory}/${fd}`));
  } catch {
    return []; // it ended, or is not ours to look into
  }
}
