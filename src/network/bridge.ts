// The default bridge: made by the first start that names it, there until `tslxc-net stop` or the next boot.

import { TslxcError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { type Lock, takeLock } from '../host/locks.ts';
import { formatHost, type HostAddress, parseAddress } from './address.ts';
import { chooseAddresses } from './choose.ts';
import { countLeases, type Dnsmasq, serves, startDnsmasq, stopDnsmasq } from './dnsmasq.ts';
import { closeFirewall, firewallIsOpen, openFirewall } from './firewall.ts';
import { bridgePorts, linkKind } from './host-network.ts';
import { forwardPackets, makeLink, removeLink } from './link.ts';
import { otherFirewalls } from './other-firewalls.ts';
import {
  type BridgeFiles,
  filesOf,
  makeNetworkDirectories,
  readUp,
  removeUp,
  type UpRecord,
  writeUp,
} from './record.ts';
import { leaseRange } from './subnets.ts';
import { checkTools } from './tools.ts';

/** The default bridge as it serves. */
export interface Bridge {
  readonly name: string;
  /** The bridge's own, ADDRESS/PREFIX. */
  readonly ipv4: string;
  readonly ipv6?: string;
  /** This call made it. */
  readonly made: boolean;
  /** What an administrator should know: one line each. */
  readonly notices: readonly string[];
}

/** Name of the bridge that is made on demand. */
export const bridgeOf = (settings: Settings): string => settings.network.bridge;

/**
 * The default bridge, made if it does not serve. Any number of callers at once make it once. Throws NOT_A_BRIDGE, NETWORK_TOOL_MISSING,
 * ADDRESS_TAKEN, PORT_BUSY, NETWORK_FAILED; what was half made is undone.
 */
export async function ensureBridge(settings: Settings, uid = process.getuid?.() ?? 0): Promise<Bridge> {
  const ready = await servingBridge(settings);
  if (ready) return ready;
  return locked(settings, uid, async files => (await lookAtBridge(settings)) ?? setUp(settings, files));
}

/** False when it was not running. Containers keep their ports: the bridge then stays, without addresses. */
export async function stopBridge(
  settings: Settings,
  uid = process.getuid?.() ?? 0,
): Promise<{ stopped: boolean; ports: readonly string[] }> {
  const { bridge, table } = settings.network;
  return locked(settings, uid, async files => {
    if (!readUp(files) && linkKind(bridge) !== 'ours') return { stopped: false, ports: [] };
    const ports = bridgePorts(bridge);
    await takeDown(files, bridge, table);
    return { stopped: true, ports };
  });
}

export interface BridgeStatus {
  readonly bridge: string;
  readonly state: 'RUNNING' | 'STOPPED' | 'BROKEN';
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly dnsmasqPid?: number;
  readonly leases: number;
  readonly leaseLimit?: number;
  readonly ports: readonly string[];
  /** What is broken. */
  readonly problems: readonly string[];
}

/** Looks only. */
export async function bridgeStatus(settings: Settings, now = new Date()): Promise<BridgeStatus> {
  const { bridge } = settings.network;
  const files = filesOf(settings);
  const up = readUp(files);
  const about = { bridge, leases: countLeases(files, now.getTime() / 1000), ports: bridgePorts(bridge) };
  if (!up) return { ...about, state: 'STOPPED', problems: [] };
  const problems = await whatIsBroken(bridge, up);
  const { ipv4, ipv6, dnsmasq } = up;
  const addresses = ipv6 === undefined ? { ipv4 } : { ipv4, ipv6 };
  const leaseLimit = leaseRange(parsed(ipv4)).count;
  const state = problems.length === 0 ? 'RUNNING' : 'BROKEN';
  return { ...about, ...addresses, state, dnsmasqPid: dnsmasq.pid, leaseLimit, problems };
}

/** Looks under way, by the file that they read: a hundred starts at once ask nft once, not a hundred times. */
const looking = new Map<string, Promise<Bridge | undefined>>();

function servingBridge(settings: Settings): Promise<Bridge | undefined> {
  const { up } = filesOf(settings);
  const begun = looking.get(up);
  if (begun) return begun;
  const look = lookAtBridge(settings).finally(() => looking.delete(up));
  looking.set(up, look);
  return look;
}

async function lookAtBridge(settings: Settings): Promise<Bridge | undefined> {
  const { bridge } = settings.network;
  const up = readUp(filesOf(settings));
  if (!up || (await whatIsBroken(bridge, up)).length > 0) return undefined;
  return { name: bridge, ...addressesOf(up), made: false, notices: [] };
}

async function whatIsBroken(bridge: string, up: UpRecord): Promise<string[]> {
  const dnsmasq: Dnsmasq = { pid: up.dnsmasq.pid, starttime: BigInt(up.dnsmasq.starttime) };
  return [
    ...(linkKind(bridge) === 'ours' ? [] : ['the bridge is gone']),
    ...(serves(dnsmasq) ? [] : ['dnsmasq has ended']),
    ...((await firewallIsOpen(up.table)) ? [] : [`the nft table ${up.table} is gone`]),
  ];
}

const addressesOf = ({ ipv4, ipv6 }: UpRecord) => (ipv6 === undefined ? { ipv4 } : { ipv4, ipv6 });

const LOCK_PATIENCE_MS = 30_000;

async function locked<T>(
  settings: Settings,
  uid: number,
  work: (files: BridgeFiles) => Promise<T>,
): Promise<T> {
  const { bridge } = settings.network;
  if (uid !== 0) {
    throw new TslxcError('NOT_PERMITTED', `only root can set up the bridge ${bridge}`, {
      hint: 'ask for: sudo tslxc-net start',
    });
  }
  makeNetworkDirectories(settings);
  const files = filesOf(settings);
  const lock: Lock | undefined = await takeLock(files.lock, LOCK_PATIENCE_MS);
  if (!lock)
    throw new TslxcError(
      'NETWORK_BUSY',
      `somebody else has been setting up ${bridge} for ${LOCK_PATIENCE_MS / 1000} seconds`,
    );
  try {
    return await work(files);
  } finally {
    lock.release();
  }
}

async function setUp(settings: Settings, files: BridgeFiles): Promise<Bridge> {
  const { bridge, table, domain } = settings.network;
  checkTools();
  refuseOthersLink(bridge);
  removeUp(files);
  await stopDnsmasq(files);
  const { ipv4, ipv6 } = await chooseAddresses(settings, files);
  try {
    await makeLink(bridge, ipv4, ipv6);
    forwardPackets(ipv6 !== undefined);
    await openFirewall({ table, bridge, ipv4, ipv6 });
    const { pid, starttime } = await startDnsmasq({ files, bridge, domain, ipv4, ipv6 });
    const addresses = { ipv4: formatHost(ipv4), ...(ipv6 ? { ipv6: formatHost(ipv6) } : {}) };
    writeUp(files, { ...addresses, table, dnsmasq: { pid, starttime: String(starttime) } });
    return { name: bridge, ...addresses, made: true, notices: await otherFirewalls(table, bridge) };
  } catch (error) {
    await takeDown(files, bridge, table);
    throw error;
  }
}

function refuseOthersLink(bridge: string): void {
  const kind = linkKind(bridge);
  if (kind === 'missing' || kind === 'ours') return;
  const what = kind === 'foreign' ? 'a bridge that tslxc did not make' : 'no bridge';
  throw new TslxcError('NOT_A_BRIDGE', `${bridge} is ${what}`, {
    hint: 'name another in tslxc.yaml (network.bridge), or remove it',
  });
}

async function takeDown(files: BridgeFiles, bridge: string, table: string): Promise<void> {
  removeUp(files);
  await stopDnsmasq(files);
  await closeFirewall(table);
  await removeLink(bridge);
}

function parsed(text: string): HostAddress {
  const host = parseAddress(text);
  if (!host) throw new TslxcError('NETWORK_FAILED', `"${text}" is no address`);
  return host;
}
