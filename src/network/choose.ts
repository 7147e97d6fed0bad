// The bridge's addresses: said in tslxc.yaml, or remembered, or chosen now and remembered.

import { TslxcError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import { formatHost, formatNetwork, type HostAddress, overlaps, parseAddress, spanOf } from './address.ts';
import { hasIpv6, machineId, type Taken, takenAddresses } from './host-network.ts';
import { type BridgeFiles, readAddresses, writeAddresses } from './record.ts';
import { chooseIpv4, chooseIpv6 } from './subnets.ts';

export interface ChosenAddresses {
  readonly ipv4: HostAddress;
  readonly ipv6: HostAddress | undefined;
}

/** Throws ADDRESS_TAKEN when what tslxc.yaml says, or every private network, is in use on this host. */
export async function chooseAddresses(settings: Settings, files: BridgeFiles): Promise<ChosenAddresses> {
  const { bridge } = settings.network;
  const taken = await takenAddresses(bridge);
  const remembered = readAddresses(files);
  const ipv4 = said(settings.network.ipv4, taken) ?? free(remembered?.ipv4, taken) ?? chooseIpv4(taken);
  if (!ipv4) {
    throw new TslxcError('ADDRESS_TAKEN', 'the routes of this host leave no private /20 free', {
      hint: 'write the address of the bridge into tslxc.yaml (network.ipv4: ADDRESS/PREFIX)',
    });
  }
  const ipv6 = wantsIpv6(settings)
    ? (said(settings.network.ipv6, taken) ?? free(remembered?.ipv6, taken) ?? freeIpv6(bridge, taken))
    : undefined;
  const lasting = { ipv4: formatHost(ipv4), ...(ipv6 ? { ipv6: formatHost(ipv6) } : {}) };
  if (lasting.ipv4 !== remembered?.ipv4 || lasting.ipv6 !== remembered.ipv6) writeAddresses(files, lasting);
  return { ipv4, ipv6 };
}

const wantsIpv6 = (settings: Settings): boolean => settings.network.ipv6 !== 'none' && hasIpv6();

/** What the settings say, if they say an address. */
function said(setting: string, taken: readonly Taken[]): HostAddress | undefined {
  const host = parseAddress(setting);
  if (!host) return undefined;
  const inTheWay = taken.find(span => overlaps(span, spanOf(host)));
  if (!inTheWay) return host;
  throw new TslxcError('ADDRESS_TAKEN', `${formatNetwork(host)} of tslxc.yaml overlaps ${inTheWay.what}`, {
    hint: 'choose another network, or write auto',
  });
}

function free(text: string | undefined, taken: readonly Taken[]): HostAddress | undefined {
  const host = text === undefined ? undefined : parseAddress(text);
  return host && !taken.some(span => overlaps(span, spanOf(host))) ? host : undefined;
}

function freeIpv6(bridge: string, taken: readonly Taken[]): HostAddress {
  for (let attempt = 0; ; attempt++) {
    const host = chooseIpv6(machineId(), bridge, attempt);
    if (!taken.some(span => overlaps(span, spanOf(host)))) return host;
  }
}
