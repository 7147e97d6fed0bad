// Lengths of time in the words of lxc.time.offset.*.

const UNIT_NS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  ns: 1n,
};

/** Nanoseconds of `[-]N unit` with unit h, m, s, ms, us or ns; undefined without a unit. */
export function parseDurationNs(text: string): bigint | undefined {
  const match = /^(-?\d{1,19})\s*(h|m|s|ms|us|ns)$/.exec(text.trim());
  const unit = UNIT_NS[match?.[2] ?? ''];
  if (!match?.[1] || unit === undefined) return undefined;
  const ns = BigInt(match[1]) * unit;
  return ns === BigInt.asIntN(64, ns) ? ns : undefined;
}

/** `7200s` for whole seconds, else `1500000ns`; `0ns` for nothing. */
export function formatDurationNs(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  return ns !== 0n && seconds * 1_000_000_000n === ns ? `${seconds}s` : `${ns}ns`;
}
