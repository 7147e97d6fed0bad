// Names that the kernel shares between containers: each a pure function of lxcpath, name and index, so that any later command
// can find what a killed one left.

import { createHash } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** What fits behind the leading NUL of an abstract address with the NUL that LXC ends it with. */
const MAX_ADDRESS_BYTES = 106;

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

/** The abstract address that LXC's monitor of this container binds, without the leading NUL. */
export function commandAddress(lxcpath: string, name: string): string {
  const plain = `${lxcpath}/${name}/command`;
  if (Buffer.byteLength(plain) <= MAX_ADDRESS_BYTES) return plain;
  return `lxc/${fnv1a64(`${lxcpath}/${name}`)}/command`;
}

function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
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
