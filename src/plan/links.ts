// The container's interfaces: pairs made by the parent with the far end born inside, addresses set by the child.

import type { NetConfig, Setting } from '../config/model.ts';
import type { HostLink } from '../facts/model.ts';
import { addressBits, broadcastOf, inNetwork } from './addresses.ts';
import { literal } from './environment.ts';
import { type LiveValues, netScriptCall } from './hooks.ts';
import { randomisedMac, vethHostMac, vethName } from './names.ts';
import { cannotStart, notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

export interface Link {
  readonly net: NetConfig;
  /** The name inside. */
  readonly name: string;
  /** The host's end. */
  readonly peer: string;
  readonly bridge?: HostLink;
}

/** Decides names and checks what the links rest on. */
export function planLinks(start: Start): readonly Link[] {
  const { config, input } = start;
  // In a namespace that others have made, LXC makes no links either.
  if (!start.namespaces.fresh.has('net')) return [];
  const taken = new Set(config.net.flatMap(({ name }) => (name ? [name.value] : [])));
  return config.net.flatMap(net => {
    checkCarriedOut(start, net);
    if (net.type.value !== 'veth') return [];
    const name = net.name?.value ?? freeName(taken);
    taken.add(name);
    const peer = net.veth?.pair?.value ?? vethName(input.lxcpath, input.name, net.index);
    const bridge = net.link && bridgeOf(start, net.link);
    return [{ net, name, peer, ...(bridge ? { bridge } : {}) }];
  });
}

/** The bridges must still be there when the plan is carried out. */
export function expectLinks(start: Start, links: readonly Link[]): void {
  for (const { net } of links) {
    if (net.link) start.add('host', net.link.origin, 'expect_link', { name: net.link.value });
  }
}

/** The parent's half: both ends, the bridge, routes, scripts. */
export function makeLinks(
  start: Start,
  links: readonly Link[],
  netns: Slot | undefined,
  live: LiveValues,
): void {
  if (!start.namespaces.fresh.has('net')) return;
  for (const link of links) makePair(start, link, netns);
  for (const net of start.config.net) {
    if (!net.scriptUp) continue;
    const peer = links.find(link => link.net === net)?.peer;
    const call = netScriptCall(start.config, start.input, {
      net,
      setting: net.scriptUp,
      type: 'up',
      live,
      ...(peer === undefined ? {} : { peer }),
    });
    start.add('parent', net.scriptUp.origin, 'hook', { ...call, where: 'script.up' });
  }
}

/** The child's half, in its own network namespace. */
export function configureLinks(start: Start, links: readonly Link[]): void {
  if (!start.namespaces.fresh.has('net')) return;
  if (start.config.net.some(({ up }) => up))
    start.add('child', rule('loopback is up with any other'), 'link_up', { name: 'lo' });
  for (const { net, name, bridge } of links) {
    for (const address of [...net.ipv4, ...net.ipv6]) {
      const { prefix } = address.value;
      const broadcast = address.value.broadcast ?? broadcastOf(address.value.address, prefix);
      start.add('child', address.origin, 'address_add', {
        name,
        prefix,
        address: address.value.address,
        broadcast,
      });
    }
    if (net.up) start.add('child', net.type.origin, 'link_up', { name });
    addGateway(start, net, name, 4, bridge);
    addGateway(start, net, name, 6, bridge);
  }
}

function makePair(start: Start, { net, name, peer, bridge }: Link, netns: Slot | undefined): void {
  const { input, host } = start;
  const { origin } = net.type;
  start.add('parent', origin, 'veth_make', {
    netns,
    mtu: net.mtu?.value ?? bridge?.mtu ?? 1500,
    name: peer,
    mac: vethHostMac(input.lxcpath, input.name, net.index),
    peer: name,
    peer_mac: net.hwaddr && randomisedMac(net.hwaddr.value, input.lxcpath, input.name, net.index),
  });
  if (host.ipv6) {
    start.add('parent', origin, 'sysctl_write', {
      path: `net/ipv6/conf/${peer}/disable_ipv6`,
      value: '1',
    });
  }
  if (net.link) start.add('parent', net.link.origin, 'link_enslave', { name: peer, master: net.link.value });
  start.add('parent', origin, 'link_up', { name: peer });
  for (const route of [...(net.veth?.ipv4Routes ?? []), ...(net.veth?.ipv6Routes ?? [])]) {
    const [destination = '', prefix = ''] = route.value.split('/');
    start.add('parent', route.origin, 'route_add', { name: peer, prefix: Number(prefix), destination });
  }
}

/** A gateway out of reach of the container's addresses gets a route of its own first. */
function addGateway(
  start: Start,
  net: NetConfig,
  name: string,
  family: 4 | 6,
  bridge: HostLink | undefined,
): void {
  const setting = family === 4 ? net.ipv4Gateway : net.ipv6Gateway;
  if (!setting) return;
  const key = `lxc.net.${net.index}.ipv${family}.gateway`;
  const addresses = family === 4 ? net.ipv4 : net.ipv6;
  if (!net.up)
    throw cannotStart(
      `${key} needs the interface to be up`,
      setting.origin,
      `add lxc.net.${net.index}.flags = up`,
    );
  if (addresses.length === 0) throw cannotStart(`${key} needs an ipv${family}.address`, setting.origin);
  const { origin } = setting;
  if (setting.value === 'dev') {
    start.add('child', origin, 'route_add', {
      name,
      prefix: 0,
      destination: family === 4 ? '0.0.0.0' : '::',
    });
    return;
  }
  const gateway = setting.value === 'auto' ? bridgeAddress(net, setting, family, bridge) : setting.value;
  const width = addressBits(gateway)?.width;
  if (width === undefined) throw cannotStart(`${key}: ${gateway} is no address`, origin);
  if (!addresses.some(({ value }) => inNetwork(gateway, value.address, value.prefix))) {
    start.add('child', origin, 'route_add', { name, prefix: width, destination: gateway });
  }
  start.add('child', origin, 'route_add', {
    name,
    prefix: 0,
    destination: family === 4 ? '0.0.0.0' : '::',
    gateway,
  });
}

function bridgeAddress(
  net: NetConfig,
  { origin }: Setting<string>,
  family: 4 | 6,
  bridge: HostLink | undefined,
): string {
  const address = family === 4 ? bridge?.ipv4 : bridge?.ipv6;
  if (address) return address;
  const what = bridge ? `${bridge.name} has no IPv${family} address` : 'there is no link';
  throw cannotStart(
    `lxc.net.${net.index}.ipv${family}.gateway = auto: ${what}`,
    origin,
    'write the address of the gateway',
  );
}

function bridgeOf({ host }: Start, { value: name, origin }: Setting<string>): HostLink {
  const link = host.links.find(candidate => candidate.name === name);
  if (!link)
    throw cannotStart(
      `the host has no interface ${name}`,
      origin,
      `make the bridge ${name}, or set another lxc.net link`,
    );
  if (!link.bridge) throw cannotStart(`${name} is not a bridge`, origin, 'name a bridge of the host');
  return link;
}

function freeName(taken: ReadonlySet<string>): string {
  let number = 0;
  while (taken.has(`eth${number}`)) number++;
  return `eth${number}`;
}

/** What a container may ask of its network, but cannot get yet. */
function checkCarriedOut(start: Start, net: NetConfig): void {
  const { type, index, veth } = net;
  const key = `lxc.net.${index}`;
  if (!['veth', 'empty', 'none'].includes(type.value))
    throw notCarriedOut(`${key}.type = ${type.value}`, type.origin, 'use veth, empty or none');
  if (type.value === 'empty' && net.name && net.name.value !== 'lo') {
    throw cannotStart(`${key}: an empty network has no interface ${net.name.value}`, net.name.origin);
  }
  if (type.value === 'veth' && start.rootless) {
    throw notCarriedOut(`${key}.type = veth for a plain user`, type.origin, 'use empty or none');
  }
  if (net.l2proxy?.value) throw notCarriedOut(`${key}.l2proxy`, net.l2proxy.origin);
  if (veth?.mode.value === 'router') throw notCarriedOut(`${key}.veth.mode = router`, veth.mode.origin);
  const vlan = veth?.vlanId ?? veth?.vlanTaggedIds[0];
  if (vlan) throw notCarriedOut(`${key}.veth.vlan`, vlan.origin);
  const queues = veth?.rxQueues ?? veth?.txQueues;
  if (queues) throw notCarriedOut(`${key}.veth.n_rxqueues and n_txqueues`, queues.origin);
}

/** The commands of script.down in teardown need the same words. */
export function downScripts(
  start: Start,
  links: readonly Link[],
  live: LiveValues,
  target: 'stop' | 'reboot',
) {
  return start.config.net.flatMap(net => {
    if (!net.scriptDown) return [];
    const peer = links.find(link => link.net === net)?.peer;
    const request = { net, setting: net.scriptDown, type: 'down' as const, live, target };
    return [
      {
        origin: net.scriptDown.origin,
        call: netScriptCall(start.config, start.input, {
          ...request,
          ...(peer === undefined ? {} : { peer: literal(peer) }),
        }),
      },
    ];
  });
}
