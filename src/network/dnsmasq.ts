// DHCP, names and router advertisements on the bridge: one dnsmasq of our own, known by its pid file's path.

import { readdirSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { openProcess, type ProcessHandle } from '../host/processes.ts';
import { isAlive, processStat, readProc } from '../host/procfs.ts';
import { formatAddress, formatNetwork, type HostAddress } from './address.ts';
import { portHolder } from './port-holder.ts';
import type { BridgeFiles } from './record.ts';
import { leaseRange } from './subnets.ts';
import { tryTool } from './tools.ts';

export interface DnsmasqRequest {
  readonly files: BridgeFiles;
  readonly bridge: string;
  readonly domain: string | undefined;
  readonly ipv4: HostAddress;
  readonly ipv6: HostAddress | undefined;
}

/** A running dnsmasq. */
export interface Dnsmasq {
  readonly pid: number;
  readonly starttime: bigint;
}

/** LXC's own words where there is no reason for others. */
export function dnsmasqArguments({ files, bridge, domain, ipv4, ipv6 }: DnsmasqRequest): string[] {
  const range = leaseRange(ipv4);
  const [first, last] = [range.first, range.last].map(address => formatAddress(4, address));
  return [
    '--conf-file=/dev/null',
    ...(domain === undefined ? [] : [`--domain=${domain}`, `--local=/${domain}/`]),
    // A ping before each new lease would cost every first boot three seconds; addresses in configs have their own part of the net.
    '--no-ping',
    `--user=${serviceUser()}`,
    '--strict-order',
    // Names without a dot are the containers': they are not asked of the world.
    '--domain-needed',
    // Follows the bridge when it goes and comes, and leaves port 53 of every other address alone.
    '--bind-dynamic',
    '--except-interface=lo',
    `--interface=${bridge}`,
    `--pid-file=${files.pid}`,
    `--dhcp-range=${first},${last},1h`,
    `--dhcp-lease-max=${range.count}`,
    '--dhcp-no-override',
    `--dhcp-leasefile=${files.leases}`,
    '--dhcp-authoritative',
    // No guest may make itself the web proxy of the others by its name.
    '--dhcp-name-match=set:wpad,wpad',
    '--dhcp-ignore-names=tag:wpad',
    ...(ipv6
      ? ['--enable-ra', `--dhcp-range=${formatNetwork(ipv6).split('/')[0]},ra-names,${ipv6.prefix}`]
      : []),
  ];
}

/** LXC's order; the package makes the second. */
function serviceUser(): string {
  const users = new Set((readProc('/etc/passwd') ?? '').split('\n').map(line => line.split(':')[0]));
  return ['lxc-dnsmasq', 'dnsmasq'].find(user => users.has(user)) ?? 'nobody';
}

/** Starts it; when this returns it serves. Throws PORT_BUSY naming who has the port, NETWORK_FAILED. */
export async function startDnsmasq(request: DnsmasqRequest): Promise<Dnsmasq> {
  const done = await tryTool('dnsmasq', dnsmasqArguments(request));
  if (done.status !== 0) throw whyNot(done.stderr, request);
  const pid = Number(readProc(request.files.pid)?.trim());
  const stat = pid > 0 ? processStat(pid) : undefined;
  if (!stat) throw new TslxcError('NETWORK_FAILED', 'dnsmasq ended as soon as it had started');
  return { pid, starttime: stat.starttime };
}

function whyNot(said: string, { ipv4 }: DnsmasqRequest): TslxcError {
  const line =
    said
      .trim()
      .split('\n')[0]
      ?.replace(/^dnsmasq: /, '') ?? '';
  if (/Address already in use/i.test(line)) {
    const port = /DHCP/.test(line) ? 67 : 53;
    const address = formatAddress(4, ipv4.address);
    const holder = portHolder(port, ipv4.address);
    return new TslxcError(
      'PORT_BUSY',
      `port ${port} of ${address} is taken${holder === undefined ? '' : ` by ${holder}`}`,
      {
        hint: 'let it listen on its own addresses only (not on 0.0.0.0), or stop it',
      },
    );
  }
  return new TslxcError('NETWORK_FAILED', `dnsmasq failed: ${line}`);
}

export const serves = (dnsmasq: Dnsmasq): boolean => isAlive(dnsmasq.pid, dnsmasq.starttime);

/** Ends every dnsmasq with our pid file, also one that nobody recorded because its starter was killed. */
export async function stopDnsmasq(files: BridgeFiles): Promise<void> {
  for (const pid of ownDnsmasqs(files)) {
    const handle = openProcess(pid);
    if (!handle) continue;
    try {
      await end(handle);
    } finally {
      handle.close();
    }
  }
}

async function end(process: ProcessHandle): Promise<void> {
  process.signal(SIGTERM);
  try {
    await process.exited(AbortSignal.timeout(PATIENCE_MS));
  } catch {
    process.signal(SIGKILL);
    await process.exited();
  }
}

const SIGTERM = 15;
const SIGKILL = 9;
const PATIENCE_MS = 2000;

function ownDnsmasqs(files: BridgeFiles): number[] {
  const mark = `--pid-file=${files.pid}`;
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry) && readProc(`/proc/${entry}/cmdline`)?.split('\0').includes(mark))
    .map(Number);
}

/** Leases that dnsmasq has given out and that have not run out. */
export function countLeases(files: BridgeFiles, nowSeconds: number): number {
  // EXPIRY MAC ADDRESS NAME CLIENT-ID, then a line `duid` and the IPv6 part. Expiry 0 never ends.
  const ipv4 = (readProc(files.leases) ?? '').split(/^duid/m)[0] ?? '';
  const ends = ipv4
    .split('\n')
    .filter(Boolean)
    .map(line => Number(line.split(' ')[0]));
  return ends.filter(end => end === 0 || end > nowSeconds).length;
}
