// The bridge itself: made, given its addresses, removed. Every step may find its work done already.

import { readdirSync, writeFileSync } from 'node:fs';
import { readProc } from '../host/procfs.ts';
import { formatHost, type HostAddress } from './address.ts';
import { bridgePorts, linkKind } from './host-network.ts';
import { bridgeMac } from './subnets.ts';
import { runTool, tryTool } from './tools.ts';

/** Makes the bridge, or puts right what is left of one. */
export async function makeLink(
  name: string,
  ipv4: HostAddress,
  ipv6: HostAddress | undefined,
): Promise<void> {
  if (linkKind(name) === 'missing')
    await runTool('ip', ['link', 'add', 'dev', name, 'address', bridgeMac(name), 'type', 'bridge']);
  else await runTool('ip', ['address', 'flush', 'dev', name]);
  // A bridge is no host: it takes no addresses from the advertisements that it carries, and need not look for a double of its own.
  for (const [key, value] of [
    ['accept_ra', '0'],
    ['autoconf', '0'],
    ['accept_dad', '0'],
  ] as const)
    writeSysctl(`ipv6/conf/${name}/${key}`, value);
  await runTool('ip', ['address', 'add', formatHost(ipv4), 'broadcast', '+', 'dev', name]);
  if (ipv6) await runTool('ip', ['-6', 'address', 'add', formatHost(ipv6), 'dev', name, 'nodad']);
  await runTool('ip', ['link', 'set', 'dev', name, 'up']);
}

/** Deletes the bridge; one that still has ports is only taken down, and false is returned. */
export async function removeLink(name: string): Promise<boolean> {
  if (linkKind(name) !== 'ours') return true;
  if (bridgePorts(name).length === 0) {
    await runTool('ip', ['link', 'delete', 'dev', name]);
    return true;
  }
  await tryTool('ip', ['address', 'flush', 'dev', name]);
  await tryTool('ip', ['link', 'set', 'dev', name, 'down']);
  return false;
}

/** Lets the host pass packets on. It stays so: others may have come to rely on it. */
export function forwardPackets(ipv6: boolean): void {
  writeSysctl('ipv4/ip_forward', '1');
  if (!ipv6 || readSysctl('ipv6/conf/all/forwarding') === '1') return;
  // A router ignores advertisements unless told otherwise: without this the host would lose its own IPv6 address and route.
  for (const link of readdirSync('/proc/sys/net/ipv6/conf')) {
    if (readSysctl(`ipv6/conf/${link}/accept_ra`) === '1') writeSysctl(`ipv6/conf/${link}/accept_ra`, '2');
  }
  writeSysctl('ipv6/conf/all/forwarding', '1');
}

const readSysctl = (key: string): string | undefined => readProc(`/proc/sys/net/${key}`)?.trim();

/** Nothing happens where the kernel lacks the key or has the value. */
function writeSysctl(key: string, value: string): void {
  const now = readSysctl(key);
  if (now !== undefined && now !== value) writeFileSync(`/proc/sys/net/${key}`, value);
}
