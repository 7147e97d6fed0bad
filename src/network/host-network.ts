// What the host's network namespace has now. Reads only.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readProc } from '../host/procfs.ts';
import { formatNetwork, parseAddress, type Span, spanOf } from './address.ts';
import { bridgeMac } from './subnets.ts';
import { runTool } from './tools.ts';

/** Something of the host's that an address of ours must not cover. */
export interface Taken extends Span {
  /** For messages: `10.0.0.0/8 (route via tun0)`. */
  readonly what: string;
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** Networks that the host reaches by routes or addresses, and its name servers, except by `bridge` itself. */
export async function takenAddresses(bridge: string): Promise<Taken[]> {
  const routes = [...(await listRoutes('-4')), ...(await listRoutes('-6'))];
  const byRoute = routes
    .filter(route => route.dev !== bridge && route.dst !== 'default')
    .flatMap(route =>
      taken(route.dst, `route of the host${route.dev === undefined ? '' : ` by ${route.dev}`}`),
    );
  return [...byRoute, ...nameServers().flatMap(address => taken(address, 'name server of the host'))];
}

/** Addresses count too: each makes a route in the table `local`. */
async function listRoutes(family: '-4' | '-6'): Promise<Route[]> {
  if (family === '-6' && !hasIpv6()) return [];
  return JSON.parse(
    (await runTool('ip', ['-j', family, 'route', 'show', 'table', 'all'])) || '[]',
  ) as Route[];
}

function taken(text: string, why: string): Taken[] {
  const host = parseAddress(text);
  return host ? [{ ...spanOf(host), what: `${formatNetwork(host)}, a ${why}` }] : [];
}

function nameServers(): string[] {
  const text = readProc('/etc/resolv.conf') ?? '';
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(match => match[1] ?? '');
}

/** The kernel has IPv6 and it is not switched off for new links. */
export function hasIpv6(): boolean {
  return readProc('/proc/sys/net/ipv6/conf/default/disable_ipv6')?.trim() === '0';
}

/** `ours`: a bridge with the MAC that we give; `foreign`: an administrator's. */
export type LinkKind = 'ours' | 'foreign' | 'no bridge' | 'missing';

/** What kind of link has that name. */
export function linkKind(name: string): LinkKind {
  const address = readProc(`/sys/class/net/${name}/address`)?.trim();
  if (address === undefined) return 'missing';
  if (!existsSync(`/sys/class/net/${name}/bridge`)) return 'no bridge';
  return address === bridgeMac(name) ? 'ours' : 'foreign';
}

/** Links that are plugged into the bridge. */
export function bridgePorts(name: string): string[] {
  const directory = `/sys/class/net/${name}/brif`;
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Identity of this network namespace: what is recorded in one means nothing in another. */
export function networkNamespace(): number {
  return statSync('/proc/self/ns/net').ino;
}

/** /etc/machine-id, or the host's name where there is none. */
export function machineId(): string {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id', '/etc/hostname']) {
    const text = readProc(file)?.trim();
    if (text) return text;
  }
  return readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
}
