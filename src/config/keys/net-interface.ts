// The keys of one interface, below lxc.net.I (lxc-config-keys 5).

import type { NetConfig, NetType, Setting } from '../model.ts';
import { byDefault, defined, type Store } from '../store.ts';
import { bool, text, uint, type ValueType, word } from '../values.ts';
import { type KeyEntry, list, scalar } from './entry.ts';
import {
  gateway,
  hwaddr,
  interfaceName,
  ipv4Address,
  ipv6Address,
  mtu,
  route,
  vlan,
  vlanOrNone,
} from './net-values.ts';

export const NET_TYPES: readonly NetType[] = ['veth', 'vlan', 'macvlan', 'ipvlan', 'phys', 'empty', 'none'];
const MACVLAN_MODES = ['private', 'vepa', 'bridge', 'passthru'] as const;
const IPVLAN_MODES = ['l3', 'l3s', 'l2'] as const;
const IPVLAN_ISOLATIONS = ['bridge', 'private', 'vepa'] as const;

type Nic = NetConfig;
/** Any text at all means up. */
const anyIsUp: ValueType<string> = { parse: () => 'up', write: value => value };

const type = scalar<NetType, Nic>('type', word(NET_TYPES, 'network type'), saidType, { unset: 'empty' });
const flags = scalar<string, Nic>('flags', anyIsUp, n => (n.up ? byDefault('up') : undefined));
const link = scalar<string, Nic>('link', interfaceName, n => n.link);
const name = scalar<string, Nic>('name', interfaceName, n => n.name);
const mac = scalar<string, Nic>('hwaddr', hwaddr, n => n.hwaddr);
const mtuKey = scalar<number, Nic>('mtu', mtu, n => n.mtu);
const l2proxy = scalar<boolean, Nic>('l2proxy', bool, n => n.l2proxy, { unset: '0' });
const ipv4 = list('ipv4.address', ipv4Address, (n: Nic) => n.ipv4, {
  show: ({ address, prefix }) => `${address}/${prefix}`,
  parted: true,
});
const ipv6 = list('ipv6.address', ipv6Address, (n: Nic) => n.ipv6, { parted: true });
const ipv4Gateway = scalar<string, Nic>('ipv4.gateway', gateway(4), n => n.ipv4Gateway);
const ipv6Gateway = scalar<string, Nic>('ipv6.gateway', gateway(6), n => n.ipv6Gateway);
const scriptUp = scalar<string, Nic>('script.up', text, n => n.scriptUp);
const scriptDown = scalar<string, Nic>('script.down', text, n => n.scriptDown);

const vethMode = scalar(
  'veth.mode',
  word(['bridge', 'router'] as const, 'veth mode'),
  (n: Nic) => said(n.veth?.mode),
  { unset: 'bridge' },
);
const vethPair = scalar('veth.pair', interfaceName, (n: Nic) => n.veth?.pair);
const vethIpv4Route = list('veth.ipv4.route', route(4), (n: Nic) => n.veth?.ipv4Routes ?? [], {
  parted: true,
});
const vethIpv6Route = list('veth.ipv6.route', route(6), (n: Nic) => n.veth?.ipv6Routes ?? [], {
  parted: true,
});
const vethVlanId = scalar('veth.vlan.id', vlanOrNone, (n: Nic) => n.veth?.vlanId, { unset: '0' });
const vethTagged = list('veth.vlan.tagged.id', vlan, (n: Nic) => n.veth?.vlanTaggedIds ?? [], {
  parted: true,
});
const rxQueues = scalar('veth.n_rxqueues', uint(4096, 1), (n: Nic) => n.veth?.rxQueues);
const txQueues = scalar('veth.n_txqueues', uint(4096, 1), (n: Nic) => n.veth?.txQueues);
const vlanId = scalar('vlan.id', uint(0xffff), (n: Nic) => n.vlanId, { unset: '0' });
const macvlanMode = scalar<string, Nic>(
  'macvlan.mode',
  word(MACVLAN_MODES, 'macvlan mode'),
  n => n.macvlanMode,
  { unset: 'private' },
);
const ipvlanMode = scalar<string, Nic>(
  'ipvlan.mode',
  word(IPVLAN_MODES, 'ipvlan mode'),
  n => n.ipvlan?.mode,
  { unset: 'l3' },
);
const isolation = scalar<string, Nic>(
  'ipvlan.isolation',
  word(IPVLAN_ISOLATIONS, 'ipvlan isolation'),
  n => n.ipvlan?.isolation,
  { unset: 'bridge' },
);

/** In the order in which they are written: the type first, because others depend on it. */
export const interfaceKeys: readonly KeyEntry<NetConfig>[] = [
  type,
  flags,
  link,
  name,
  mac,
  mtuKey,
  l2proxy,
  ipv4,
  ipv4Gateway,
  ipv6,
  ipv6Gateway,
  scriptUp,
  scriptDown,
  vethMode,
  vethPair,
  vethIpv4Route,
  vethIpv6Route,
  vethVlanId,
  vethTagged,
  rxQueues,
  txQueues,
  vlanId,
  macvlanMode,
  ipvlanMode,
  isolation,
];

/** The type that a subkey belongs to; undefined: any. */
export function typeOfSubkey(subkey: string): NetType | undefined {
  const first = subkey.split('.', 1)[0];
  return (['veth', 'vlan', 'macvlan', 'ipvlan'] as const).find(known => known === first);
}

/** The type said so far. */
export function typeIn(nic: Store): NetType | undefined {
  return type.in(nic)?.value;
}

/** The interface of an index; what belongs to another type than the last one said is left out. */
export function buildInterface(index: number, nic: Store): NetConfig {
  const netType = type.in(nic) ?? byDefault<NetType>('empty');
  return {
    index,
    type: netType,
    up: flags.in(nic) !== undefined,
    ipv4: ipv4.in(nic),
    ipv6: ipv6.in(nic),
    ...defined({
      link: link.in(nic),
      name: name.in(nic),
      hwaddr: mac.in(nic),
      mtu: mtuKey.in(nic),
      l2proxy: l2proxy.in(nic),
      ipv4Gateway: ipv4Gateway.in(nic),
      ipv6Gateway: ipv6Gateway.in(nic),
      scriptUp: scriptUp.in(nic),
      scriptDown: scriptDown.in(nic),
    }),
    ...ofType(netType.value, nic),
  };
}

function ofType(netType: NetType, nic: Store): Pick<NetConfig, 'veth' | 'vlanId' | 'macvlanMode' | 'ipvlan'> {
  if (netType === 'vlan') return defined({ vlanId: vlanId.in(nic) });
  if (netType === 'macvlan') return defined({ macvlanMode: macvlanMode.in(nic) });
  if (netType === 'ipvlan')
    return { ipvlan: defined({ mode: ipvlanMode.in(nic), isolation: isolation.in(nic) }) };
  if (netType !== 'veth') return {};
  return {
    veth: {
      mode: vethMode.in(nic) ?? byDefault('bridge'),
      ipv4Routes: vethIpv4Route.in(nic),
      ipv6Routes: vethIpv6Route.in(nic),
      vlanTaggedIds: vethTagged.in(nic),
      ...defined({
        pair: vethPair.in(nic),
        vlanId: vethVlanId.in(nic),
        rxQueues: rxQueues.in(nic),
        txQueues: txQueues.in(nic),
      }),
    },
  };
}

function said<T>(setting: Setting<T> | undefined): Setting<T> | undefined {
  return setting && 'rule' in setting.origin && setting.origin.rule === 'default' ? undefined : setting;
}

/** An interface with nothing but its index says `type = empty`, so that it is there when the text is read again. */
function saidType(nic: NetConfig): Setting<NetType> | undefined {
  const { index: _index, type: netType, up, ipv4: v4, ipv6: v6, ...rest } = nic;
  const bare = !up && v4.length === 0 && v6.length === 0 && Object.keys(rest).length === 0;
  return bare ? netType : said(netType);
}
