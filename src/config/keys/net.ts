// lxc.net and lxc.net.I.* (lxc-config-keys 5): which interface a line means, and in what order lines may come.

import type { ContainerConfig, NetConfig } from '../model.ts';
import { ValueError } from '../problem.ts';
import { type Cell, type Said, Store } from '../store.ts';
import { unknownWord } from '../values.ts';
import { eachOnALine, type KeyEntry } from './entry.ts';
import { buildInterface, interfaceKeys, typeIn, typeOfSubkey } from './net-interface.ts';

const cell: Cell<Map<number, Store>> = { initial: () => new Map() };
const bySubkey = new Map(interfaceKeys.map(entry => [entry.key, entry]));
const MAX_INDEX = 65_535;

const net: KeyEntry = {
  key: 'lxc.net',
  prefix: true,
  set(store, said) {
    const { index, subkey, entry } = address(said);
    const nics = store.state(cell);
    const nic = nics.get(index) ?? new Store();
    checkType(index, subkey, nic);
    entry.set(nic, said);
    nics.set(index, nic);
  },
  clear(store, said) {
    const nics = store.state(cell);
    if (said.rest === '') return nics.clear();
    if (/^\d+$/.test(said.rest)) return void nics.delete(Number(said.rest));
    const { index, entry } = address(said);
    const nic = nics.get(index);
    if (nic) entry.clear(nic, said);
  },
  write: ({ net: nics }) =>
    nics.flatMap(nic =>
      interfaceKeys.flatMap(entry =>
        entry.write(nic).map(([key, value]) => [`lxc.net.${nic.index}.${key}`, value] as const),
      ),
    ),
  read(config, key, options) {
    if (key === 'lxc.net') return eachOnALine(config.net.map(nic => nic.type.value));
    const [, digits, subkey] = /^lxc\.net\.(\d+)\.(.+)$/.exec(key) ?? [];
    const nic = config.net.find(candidate => candidate.index === Number(digits));
    const entry = bySubkey.get(subkey ?? '');
    if (!nic || !entry) return undefined;
    const needed = typeOfSubkey(entry.key);
    return needed && needed !== nic.type.value ? undefined : entry.read(nic, entry.key, options);
  },
};

export const netKeys: readonly KeyEntry[] = [net];

export function buildNet(store: Store): Pick<ContainerConfig, 'net'> {
  const nics: NetConfig[] = [...store.state(cell)].map(([index, nic]) => buildInterface(index, nic));
  return { net: nics.sort((a, b) => a.index - b.index) };
}

function address(said: Said): { index: number; subkey: string; entry: KeyEntry<NetConfig> } {
  const [, digits, subkey = ''] = /^(\d+)(?:\.(.*))?$/.exec(said.rest) ?? [];
  if (digits === undefined || subkey === '')
    throw new ValueError(`${said.key} is not a key of an interface`, {
      hint: 'Write lxc.net.INDEX.KEY, as in lxc.net.0.type; only an empty value clears an interface',
    });
  const index = Number(digits);
  if (index > MAX_INDEX) throw new ValueError(`the index of an interface is above ${MAX_INDEX}: ${digits}`);
  const entry = bySubkey.get(subkey);
  if (!entry) throw unknownWord(subkey, [...bySubkey.keys()], `key of lxc.net.${index}`);
  return { index, subkey, entry };
}

function checkType(index: number, subkey: string, nic: Store): void {
  const needed = typeOfSubkey(subkey);
  const type = typeIn(nic);
  if (!needed || needed === type) return;
  const message = type
    ? `lxc.net.${index}.${subkey} does not belong to type ${type}`
    : `lxc.net.${index}.${subkey} stands before the type`;
  throw new ValueError(message, { hint: `Write lxc.net.${index}.type = ${needed} above it` });
}
