// One nft table of our own. It opens what the bridge needs and hides containers behind the host; it never touches others' tables.

import { formatNetwork, type HostAddress } from './address.ts';
import { runTool, tryTool } from './tools.ts';

export interface FirewallRequest {
  readonly table: string;
  readonly bridge: string;
  readonly ipv4: HostAddress;
  readonly ipv6: HostAddress | undefined;
}

/** The whole table at once: nft applies it or nothing. An older table of the name is replaced in the same transaction. */
export function ruleset({ table, bridge, ipv4, ipv6 }: FirewallRequest): string {
  const on = JSON.stringify(bridge);
  const net4 = formatNetwork(ipv4);
  const net6 = ipv6 && formatNetwork(ipv6);
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname ${on} udp dport { 53, 67, 547 } accept
    iifname ${on} tcp dport 53 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${on} accept
    oifname ${on} accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${net4} ip daddr != ${net4} masquerade
${net6 ? `    ip6 saddr ${net6} ip6 daddr != ${net6} masquerade\n` : ''}  }
}
`;
}

export async function openFirewall(request: FirewallRequest): Promise<void> {
  await runTool('nft', [ruleset(request)]);
}

/** Whether our table is there; `nft flush ruleset` of somebody else removes it. */
export async function firewallIsOpen(table: string): Promise<boolean> {
  return (await tryTool('nft', ['list', 'chain', 'inet', table, 'postrouting'])).status === 0;
}

export async function closeFirewall(table: string): Promise<void> {
  await tryTool('nft', ['delete', 'table', 'inet', table]);
}
