// Addresses as numbers: PURE.

import { isIPv4, isIPv6 } from 'node:net';

/** An address and the length of its network's prefix: what a bridge has, 10.115.0.1/20. */
export interface HostAddress {
  readonly family: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

/** First and last address of something that is taken. */
export interface Span {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const widthOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** `A.B.C.D/20`, `fd00::1/64`, or without a length a single address; undefined for anything else. */
export function parseAddress(text: string): HostAddress | undefined {
  const [word = '', length, ...more] = text.split('/');
  const family = isIPv4(word) ? 4 : isIPv6(word) && !word.includes('%') ? 6 : undefined;
  if (family === undefined || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)))
    return undefined;
  const prefix = length === undefined ? widthOf(family) : Number(length);
  if (prefix > widthOf(family)) return undefined;
  return { family, address: family === 4 ? parse4(word) : parse6(word), prefix };
}

function parse4(word: string): bigint {
  return word.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function parse6(word: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(word);
  if (dotted) {
    const low = parse4(dotted[2] ?? '');
    return parse6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [left = '', right] = word.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** The network that the address is in, from its first to its last address. */
export function spanOf({ family, address, prefix }: HostAddress): Span {
  const size = 1n << BigInt(widthOf(family) - prefix);
  const first = address - (address % size);
  return { family, first, last: first + size - 1n };
}

export function overlaps(a: Span, b: Span): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Usual notation, without a length. */
export function formatAddress(family: 4 | 6, address: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map(shift => (address >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  // The longest run of zeros (two at least), the first of equals, becomes ::
  const runs = [
    ...groups
      .map(group => (group === '0' ? '0' : 'x'))
      .join('')
      .matchAll(/00+/g),
  ];
  const longest = runs.sort((a, b) => b[0].length - a[0].length || a.index - b.index)[0];
  if (!longest) return groups.join(':');
  return `${groups.slice(0, longest.index).join(':')}::${groups.slice(longest.index + longest[0].length).join(':')}`;
}

/** `10.115.0.1/20`. */
export const formatHost = (host: HostAddress): string =>
  `${formatAddress(host.family, host.address)}/${host.prefix}`;

/** `10.115.0.0/20`. */
export const formatNetwork = (host: HostAddress): string =>
  `${formatAddress(host.family, spanOf(host).first)}/${host.prefix}`;
