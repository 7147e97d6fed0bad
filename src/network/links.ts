// What a start needs of the host's bridges.

import { TslxcError } from '../base/errors.ts';
import type { NetConfig } from '../config/model.ts';
import type { Settings } from '../config/settings.ts';
import { bridgeOf, ensureBridge } from './bridge.ts';
import { linkKind } from './host-network.ts';

/**
 * Sees to it that every bridge that the config's veths name is there: the default one is made. Returns notices, one line each.
 * Throws BRIDGE_MISSING for a bridge of others, and what ensureBridge throws.
 */
export async function prepareLinks(
  nets: readonly NetConfig[],
  settings: Settings,
  uid?: number,
): Promise<readonly string[]> {
  const plugged = nets.filter(net => net.type.value === 'veth' && net.veth?.mode.value !== 'router');
  const links = plugged.flatMap(net => (net.link ? [net.link] : []));
  const others = links.filter(link => link.value !== bridgeOf(settings));
  for (const { value, origin } of others) {
    if (linkKind(value) !== 'missing') continue;
    throw new TslxcError('BRIDGE_MISSING', `there is no bridge ${value}`, {
      origin,
      hint: missingHint(value, bridgeOf(settings)),
    });
  }
  // A bridge that an administrator made under our name is used as it is.
  if (others.length === links.length || linkKind(bridgeOf(settings)) === 'foreign') return [];
  return (await ensureBridge(settings, uid)).notices;
}

function missingHint(wanted: string, ours: string): string {
  const make =
    wanted === 'lxcbr0'
      ? "start LXC's own network (systemctl start lxc-net)"
      : `make it (ip link add ${wanted} type bridge)`;
  return `${make}, or write lxc.net.N.link = ${ours}, which is made on demand`;
}
