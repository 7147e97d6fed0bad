// Sizes in LXC's words: `8KB` in a config, `1.50 MiB` in a report.

const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Bytes of `N`, `NKB`, `NMB`, `NGB` (1024-based, any case, blanks before the unit); a one-letter unit counts for nothing, as in LXC. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)\s*([A-Za-z]*)$/.exec(text.trim());
  if (!match) return undefined;
  const unit = (match[2] ?? '').toLowerCase();
  const factor = unit.length === 1 ? 1 : UNIT_BYTES[unit];
  const bytes = Number(match[1]) * (factor ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const PAGE_BYTES = 4096;

/** Bytes rounded up to a page and then to a power of two, as console buffers and logs are; 0 becomes one page. */
export function roundToRingSize(bytes: number): number {
  let size = PAGE_BYTES;
  while (size < bytes) size *= 2;
  return size;
}

/** Bytes in lxc-info's words: `N bytes` up to 1024, then two decimals of KiB, MiB or GiB, rounded as LXC rounds. */
export function formatSize(bytes: number | bigint): string {
  const n = BigInt(bytes);
  if (n <= 1024n) return `${n} bytes`;
  if (n <= 1024n ** 2n) return `${hundredths(n + 5n, 1024n)} KiB`;
  if (n <= 1024n ** 3n) return `${hundredths(n + 5243n, 1024n ** 2n)} MiB`;
  return `${n >> 30n}.${((n & ((1n << 30n) - 1n)) / 10_737_419n).toString().padStart(2, '0')} GiB`;
}

function hundredths(bytes: bigint, unit: bigint): string {
  const fraction = ((bytes % unit) * 100n) / unit;
  return `${bytes / unit}.${fraction.toString().padStart(2, '0')}`;
}
