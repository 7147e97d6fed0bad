// Links and addresses inside another process's network namespace, from /proc/PID/net: nothing is entered.

import { isIPv4 } from 'node:net';
import { readProc } from './procfs.ts';

export interface NamespaceNetwork {
  readonly interfaces: readonly string[];
  /** Without the loopback's. */
  readonly ipv4: readonly string[];
  /** Global ones. */
  readonly ipv6: readonly string[];
}

/** Empty lists when the process is gone. */
export function networkOf(pid: number): NamespaceNetwork {
  const at = `/proc/${pid}/net`;
  return {
    interfaces: interfaceNames(readProc(`${at}/dev`) ?? ''),
    ipv4: localAddresses(readProc(`${at}/fib_trie`) ?? ''),
    ipv6: globalAddresses(readProc(`${at}/if_inet6`) ?? ''),
  };
}

/** Names in the table of /proc/net/dev. */
export function interfaceNames(dev: string): string[] {
  return [...dev.matchAll(/^\s*([^\s:|][^:|]*):/gm)].map(match => match[1] as string);
}

/** Addresses that fib_trie calls local, in its order, without 127.0.0.0/8. */
export function localAddresses(trie: string): string[] {
  const found = new Set<string>();
  let address = '';
  for (const line of trie.split('\n')) {
    const leaf = /\|-- (\S+)$/.exec(line)?.[1];
    if (leaf !== undefined) address = leaf;
    else if (line.endsWith('/32 host LOCAL') && isIPv4(address) && !address.startsWith('127.'))
      found.add(address);
  }
  return [...found];
}

const SCOPE_GLOBAL = '00';

/** Addresses of if_inet6 with global scope, written short. */
export function globalAddresses(table: string): string[] {
  return table
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([address, , , scope]) => address !== undefined && scope === SCOPE_GLOBAL)
    .map(([address]) => shortIpv6(address as string));
}

/** RFC 5952 form of 32 hex digits. */
function shortIpv6(hex: string): string {
  return new URL(`http://[${hex.match(/.{4}/g)?.join(':')}]/`).hostname.slice(1, -1);
}
