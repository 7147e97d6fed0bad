// Arithmetic on IPv4 and IPv6 addresses: is a gateway in reach, what is a network's broadcast address.

/** The bits of an address, 32 or 128 of them; undefined for what is no address. */
export function addressBits(text: string): { readonly bits: bigint; readonly width: 32 | 128 } | undefined {
  if (text.includes(':')) {
    const bits = ipv6Bits(text);
    return bits === undefined ? undefined : { bits, width: 128 };
  }
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), width: 32 };
}

/** Whether an address lies in the network of another one. */
export function inNetwork(address: string, network: string, prefix: number): boolean {
  const [a, b] = [addressBits(address), addressBits(network)];
  if (!a || !b || a.width !== b.width) return false;
  const shift = BigInt(a.width - prefix);
  return a.bits >> shift === b.bits >> shift;
}

/** The broadcast address of an IPv4 network; undefined where it has none (prefix 31 and 32). */
export function broadcastOf(address: string, prefix: number): string | undefined {
  const parsed = addressBits(address);
  if (parsed?.width !== 32 || prefix >= 31) return undefined;
  const bits = parsed.bits | ((1n << BigInt(32 - prefix)) - 1n);
  return [24n, 16n, 8n, 0n].map(shift => String((bits >> shift) & 255n)).join('.');
}

function ipv6Bits(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(half =>
    half === '' ? [] : half.split(':').flatMap(embeddedIpv4),
  );
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** `::ffff:1.2.3.4`: the last 32 bits may be said in decimals. */
function embeddedIpv4(group: string): readonly string[] {
  if (!group.includes('.')) return [group];
  const parsed = addressBits(group);
  if (!parsed) return ['no address'];
  return [(parsed.bits >> 16n).toString(16), (parsed.bits & 0xffffn).toString(16)];
}
