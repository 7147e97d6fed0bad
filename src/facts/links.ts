// What interfaces of the host are, as far as a container's link rests on them.

import { existsSync, readFileSync } from 'node:fs';
import type { HostLink } from './model.ts';

/** Those of the named interfaces that exist. */
export function linkFacts(names: readonly string[]): readonly HostLink[] {
  return [...new Set(names)].flatMap(name => {
    const directory = `/sys/class/net/${name}`;
    if (name === '' || name.includes('/') || name.startsWith('.') || !existsSync(directory)) return [];
    const ipv4 = firstIpv4(name);
    const ipv6 = firstIpv6(name);
    return [
      {
        name,
        bridge: existsSync(`${directory}/bridge`),
        mtu: Number(read(`${directory}/mtu`) || 1500),
        ...(ipv4 ? { ipv4 } : {}),
        ...(ipv6 ? { ipv6 } : {}),
      },
    ];
  });
}

/**
 * The first local address in a network that is routed to the interface. os.networkInterfaces() leaves out a bridge without
 * ports, which is what the first container finds.
 */
function firstIpv4(name: string): string | undefined {
  const networks = read('/proc/net/route')
    .split('\n')
    .map(line => line.split('\t'))
    .filter(([device, , gateway]) => device === name && gateway === '00000000')
    .map(([, destination = '', , , , , , mask = '']) => ({
      destination: hexBits(destination),
      mask: hexBits(mask),
    }));
  return localAddresses().find(address => {
    const bits = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    return networks.some(({ destination, mask }) => mask !== 0 && (bits & mask) >>> 0 === destination);
  });
}

/** /proc/net/fib_trie shows an address of the host as `|-- A` and below it `/32 host LOCAL`. */
function localAddresses(): readonly string[] {
  const found = [...read('/proc/net/fib_trie').matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g)];
  return [...new Set(found.map(([, address = '']) => address))];
}

function hexBits(littleEndian: string): number {
  const bytes = littleEndian.match(/../g) ?? [];
  return bytes.reduceRight((sum, byte) => sum * 256 + Number.parseInt(byte, 16), 0);
}

/** A line of /proc/net/if_inet6 is ADDRESS INDEX PREFIX SCOPE FLAGS NAME; scope 00 is global. */
function firstIpv6(name: string): string | undefined {
  const lines = read('/proc/net/if_inet6')
    .split('\n')
    .map(line => line.trim().split(/\s+/));
  const [address] = lines.find(([, , , scope, , device]) => device === name && scope === '00') ?? [];
  return address?.match(/.{4}/g)?.join(':');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
