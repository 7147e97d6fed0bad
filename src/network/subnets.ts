// Which addresses the default bridge gets: PURE, and the same answer for the same host.

import { createHash } from 'node:crypto';
import { type HostAddress, overlaps, parseAddress, type Span, spanOf } from './address.ts';

const PREFIX = 20;
/** Where the search begins: far from what home routers, VPNs and other container managers take by habit. */
const FIRST_CHOICE = '10.115.0.0/20';
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** The first free private /20; undefined when everything private is taken. The bridge's own address is its first. */
export function chooseIpv4(taken: readonly Span[]): HostAddress | undefined {
  for (const first of candidates()) {
    const host: HostAddress = { family: 4, address: first + 1n, prefix: PREFIX };
    if (!taken.some(span => overlaps(span, spanOf(host)))) return host;
  }
  return undefined;
}

function* candidates(): Generator<bigint> {
  const size = 1n << BigInt(32 - PREFIX);
  const start = known(FIRST_CHOICE).first;
  for (const range of PRIVATE.map(known)) {
    const from = start >= range.first && start <= range.last ? start : range.first;
    for (let at = from; at <= range.last; at += size) yield at;
    for (let at = range.first; at < from; at += size) yield at;
  }
}

function known(text: string): Span {
  const host = parseAddress(text);
  if (!host) throw new Error(`${text} is no network`);
  return spanOf(host);
}

/** A unique local /64 (RFC 4193) that is the machine's and the bridge's own; `attempt` for when it is taken. */
export function chooseIpv6(machineId: string, bridge: string, attempt = 0): HostAddress {
  const digest = createHash('sha256').update(`tslxc\0${machineId}\0${bridge}\0${attempt}`).digest();
  // fd, 40 bits of the digest, subnet 0, host 1
  const high = (0xfdn << 56n) | (BigInt(`0x${digest.subarray(0, 5).toString('hex')}`) << 16n);
  return { family: 6, address: (high << 64n) | 1n, prefix: 64 };
}

export interface LeaseRange {
  readonly first: bigint;
  readonly last: bigint;
  readonly count: number;
}

/**
 * What DHCP hands out. Of a network of 1024 addresses and more the first 256 are left for addresses written into configs; of a
 * smaller one all but the bridge's.
 */
export function leaseRange(bridge: HostAddress): LeaseRange {
  const { first: network, last: broadcast } = spanOf(bridge);
  const roomy = broadcast - network >= 1023n;
  const first = roomy ? network + 256n : bridge.address === network + 1n ? network + 2n : network + 1n;
  const last = bridge.address === broadcast - 1n ? broadcast - 2n : broadcast - 1n;
  return { first, last, count: Number(last - first + 1n) };
}

/** The bridge's MAC: locally administered, a function of its name, so that it does not change with the ports that come and go. */
export function bridgeMac(bridge: string): string {
  const digest = createHash('sha256').update(`tslxc\0${bridge}`).digest('hex');
  return ['02', ...(digest.match(/../g) ?? []).slice(0, 5)].join(':');
}
