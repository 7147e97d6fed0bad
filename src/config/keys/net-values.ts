// The types of values below lxc.net.I: interface names, MAC addresses, IP addresses and routes.

import { isIPv4, isIPv6 } from 'node:net';
import type { NetAddress } from '../model.ts';
import { ValueError } from '../problem.ts';
import { quoted, uint, type ValueType } from '../values.ts';

const IFNAME_MAX = 15;

/** An interface name, cut after 15 characters as LXC does; `/`, blanks and the names of directories are refused. */
export const interfaceName: ValueType<string> = {
  parse(value) {
    if (/[/\s:]/.test(value) || value === '.' || value === '..')
      throw new ValueError(`not the name of an interface: ${quoted(value)}`);
    return value.slice(0, IFNAME_MAX);
  },
  write: value => value,
};

/** Six octets in hex; an `x` stands for a random digit until the config is saved. */
export const hwaddr: ValueType<string> = {
  parse(value) {
    if (!/^([0-9a-fA-FxX]{2}:){5}[0-9a-fA-FxX]{2}$/.test(value))
      throw new ValueError(`not a MAC address: ${quoted(value)}`, {
        hint: 'Write six pairs of hex digits parted by colons; x is a random digit',
      });
    if (/^.[13579bdfBDF]/.test(value))
      throw new ValueError(`a multicast MAC address: ${value}`, { hint: 'The second digit must be even' });
    return value;
  },
  write: value => value,
};

export const mtu = uint(65_535, 68);

/** `A[/P] [BROADCAST]`: no prefix means the address's class, and the broadcast follows from the prefix unless it is 31 or more. */
export const ipv4Address: ValueType<NetAddress> = {
  parse(value) {
    const [cidr = '', broadcast, ...more] = value.split(/[ \t]+/);
    const [address = '', said] = splitPrefix(cidr, 32);
    if (!isIPv4(address) || more.length > 0 || (broadcast !== undefined && !isIPv4(broadcast)))
      throw new ValueError(`not an IPv4 address: ${quoted(value)}`, {
        hint: 'Write ADDRESS/PREFIX, as in 10.0.3.5/24',
      });
    const prefix = said ?? classPrefix(address);
    const last = broadcast ?? (prefix < 31 ? broadcastOf(address, prefix) : undefined);
    return last === undefined ? { address, prefix } : { address, prefix, broadcast: last };
  },
  write: ({ address, prefix, broadcast }) =>
    broadcast === undefined || (prefix < 31 && broadcast === broadcastOf(address, prefix))
      ? `${address}/${prefix}`
      : `${address}/${prefix} ${broadcast}`,
};

export const ipv6Address: ValueType<NetAddress> = {
  parse(value) {
    const [address = '', prefix] = splitPrefix(value, 128);
    if (!isIPv6(address) || address.includes('%'))
      throw new ValueError(`not an IPv6 address: ${quoted(value)}`, {
        hint: 'Write ADDRESS/PREFIX, as in fd00::5/64',
      });
    return { address, prefix: prefix ?? 64 };
  },
  write: ({ address, prefix }) => `${address}/${prefix}`,
};

/** An address of the family, `auto` (the link's first address) or `dev` (a device route). */
export function gateway(family: 4 | 6): ValueType<string> {
  return {
    parse(value) {
      if (value === 'auto' || value === 'dev' || isAddress(value, family)) return value;
      throw new ValueError(`not an IPv${family} gateway: ${quoted(value)}`, {
        hint: 'Write an address, auto or dev',
      });
    },
    write: value => value,
  };
}

/** `NET/P`, the prefix required. */
export function route(family: 4 | 6): ValueType<string> {
  return {
    parse(value) {
      const [address = '', prefix] = splitPrefix(value, family === 4 ? 32 : 128);
      if (prefix === undefined || !isAddress(address, family))
        throw new ValueError(`not an IPv${family} route: ${quoted(value)}`, { hint: 'Write NETWORK/PREFIX' });
      return value;
    },
    write: value => value,
  };
}

const VLAN_MAX = 4095;
export const vlanOrNone: ValueType<number | 'none'> = {
  parse: value => (value === 'none' ? value : uint(VLAN_MAX).parse(value)),
  write: String,
};
export const vlan = uint(VLAN_MAX);

function isAddress(value: string, family: 4 | 6): boolean {
  return family === 4 ? isIPv4(value) : isIPv6(value) && !value.includes('%');
}

function splitPrefix(cidr: string, max: number): [address: string, prefix: number | undefined] {
  const slash = cidr.indexOf('/');
  if (slash < 0) return [cidr, undefined];
  return [cidr.slice(0, slash), uint(max).parse(cidr.slice(slash + 1))];
}

function classPrefix(address: string): number {
  const first = Number(address.split('.', 1)[0]);
  if (first < 128) return 8;
  return first < 192 ? 16 : first < 224 ? 24 : 32;
}

function broadcastOf(address: string, prefix: number): string {
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefix);
  const last = Math.floor(number / size) * size + size - 1;
  return [24, 16, 8, 0].map(shift => Math.floor(last / 2 ** shift) % 256).join('.');
}
