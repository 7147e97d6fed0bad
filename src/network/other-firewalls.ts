// Another program's firewall can drop what ours accepts: in netfilter a drop anywhere wins. Found and said, not changed.

import { readProc } from '../host/procfs.ts';
import { listLegacyChain, tryTool } from './tools.ts';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}
type NftItem = {
  readonly chain?: Chain;
  readonly rule?: { readonly table: string; readonly chain: string; readonly expr?: unknown };
};

/** One sentence for each chain of others that drops what containers send or ask. */
export async function otherFirewalls(table: string, bridge: string): Promise<string[]> {
  return [...(await nftNotices(table, bridge)), ...(await legacyNotices(bridge))];
}

async function nftNotices(table: string, bridge: string): Promise<string[]> {
  const listed = await tryTool('nft', ['-j', 'list', 'ruleset']);
  if (listed.status !== 0) return [];
  const { nftables } = JSON.parse(listed.stdout) as { nftables: readonly NftItem[] };
  const rules = nftables.flatMap(item => (item.rule ? [item.rule] : []));
  return nftables
    .flatMap(item => (item.chain ? [item.chain] : []))
    .filter(
      chain =>
        chain.table !== table &&
        chain.policy === 'drop' &&
        (chain.hook === 'forward' || chain.hook === 'input'),
    )
    .filter(chain => {
      // An administrator who named the bridge anywhere in that table has thought of it.
      const said = rules.filter(rule => rule.table === chain.table);
      return !JSON.stringify(said).includes(JSON.stringify(bridge));
    })
    .map(chain =>
      sentence(
        chain.hook === 'input',
        `chain ${chain.name} of the nft table ${chain.family} ${chain.table}`,
        bridge,
      ),
    );
}

/** Rules of the old iptables are not in nft's list. */
async function legacyNotices(bridge: string): Promise<string[]> {
  if (!readProc('/proc/net/ip_tables_names')?.includes('filter')) return [];
  const notices: string[] = [];
  for (const chain of ['FORWARD', 'INPUT']) {
    const listed = await listLegacyChain(chain);
    if (!listed.includes(`-P ${chain} DROP`) || listed.includes(` ${bridge} `)) continue;
    notices.push(sentence(chain === 'INPUT', `iptables' chain ${chain}`, bridge));
  }
  return notices;
}

function sentence(input: boolean, where: string, bridge: string): string {
  return input
    ? `another firewall drops DHCP and DNS of containers: the policy of ${where} is drop; accept what comes in by ${bridge} there (iptables -I INPUT -i ${bridge} -j ACCEPT)`
    : `another firewall drops what containers send: the policy of ${where} is drop; accept ${bridge} there (iptables -I FORWARD -i ${bridge} -j ACCEPT; iptables -I FORWARD -o ${bridge} -j ACCEPT)`;
}
