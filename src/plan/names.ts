// Names that the kernel shares between containers: each a pure function of lxcpath, name and index, so that any later command
// can find what a killed one left.

import { createHash } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

function digest(...parts: readonly (string | number)[]): Buffer {
  return createHash('sha256').update(parts.join('\0')).digest();
}

/** The host's end of a container's veth: `veth` and 8 letters. */
export function vethName(lxcpath: string, name: string, index: number): string {
  const letters = Array.from(digest(lxcpath, name, index).subarray(0, 8), byte => BASE32[byte & 31]);
  return `veth${letters.join('')}`;
}

/** The host's end gets a high address (fe:…), so that a bridge never takes it for its own. */
export function vethHostMac(lxcpath: string, name: string, index: number): string {
  const bytes = digest('mac', lxcpath, name, index).subarray(0, 5);
  return ['fe', ...Array.from(bytes, byte => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The control group of a container's processes beneath the root of a hierarchy. */
export function payloadName(name: string, suffix: string): string {
  return `lxc.payload.${name}${suffix}`;
}

/** A hardware address with its `x` digits filled in; the first octet stays one of a single station. */
export function randomisedMac(mac: string, lxcpath: string, name: string, index: number): string {
  const digits = digest('hwaddr', lxcpath, name, index).toString('hex');
  const filled = [...mac].map((character, at) =>
    character === 'x' || character === 'X' ? (digits[at] ?? '0') : character,
  );
  const first = Number.parseInt(filled.slice(0, 2).join(''), 16) & 0xfe;
  return `${first.toString(16).padStart(2, '0')}${filled.slice(2).join('')}`;
}
