// Limits written for one generation of control groups, said in the words of the other. A limit may need its neighbours:
// v1's memory+swap is v2's swap plus memory.

export type Values = ReadonlyMap<string, string>;

export interface Translation {
  readonly file: string;
  readonly value: string;
  /** What is lost, where something is. */
  readonly approximately?: string;
}

/** undefined: the other generation has no such limit. Values of all limits of the config are at hand. */
export type Translator = (value: string, all: Values) => Translation | undefined;

const to =
  (file: string, approximately?: string): Translator =>
  value => ({ file, value, ...(approximately === undefined ? {} : { approximately }) });

/** From a v1 file to v2. */
export const TO_V2: Readonly<Record<string, Translator>> = {
  'memory.limit_in_bytes': value => ({ file: 'memory.max', value: unlimitedAs(value, 'max') }),
  'memory.soft_limit_in_bytes': to('memory.low', 'a soft limit becomes protection up to that size'),
  'memory.memsw.limit_in_bytes': (value, all) => {
    if (value === '-1') return { file: 'memory.swap.max', value: 'max' };
    const both = bytes(value);
    const memory = bytes(all.get('memory.limit_in_bytes') ?? all.get('memory.max'));
    if (both === undefined || memory === undefined || both < memory) return undefined;
    return { file: 'memory.swap.max', value: String(both - memory) };
  },
  'cpu.shares': value => ({
    file: 'cpu.weight',
    value: String(weightOf(value)),
    approximately: 'shares become the nearest weight',
  }),
  'cpu.cfs_quota_us': (value, all) => ({
    file: 'cpu.max',
    value: `${unlimitedAs(value, 'max')} ${all.get('cpu.cfs_period_us') ?? '100000'}`,
  }),
  'cpu.cfs_period_us': (value, all) =>
    all.has('cpu.cfs_quota_us') ? undefined : { file: 'cpu.max', value: `max ${value}` },
  'cpuset.cpus': to('cpuset.cpus'),
  'cpuset.mems': to('cpuset.mems'),
  'pids.max': to('pids.max'),
  'blkio.weight': value => ({
    file: 'io.weight',
    value: `default ${1 + Math.round(((Number(value) - 10) * 9999) / 990)}`,
    approximately: 'the weight is scaled from 10–1000 to 1–10000',
  }),
  'blkio.throttle.read_bps_device': value => throttle(value, 'rbps'),
  'blkio.throttle.write_bps_device': value => throttle(value, 'wbps'),
  'blkio.throttle.read_iops_device': value => throttle(value, 'riops'),
  'blkio.throttle.write_iops_device': value => throttle(value, 'wiops'),
};

/** From a v2 file to v1; `controller` of the v1 file is its first word. */
export const TO_V1: Readonly<Record<string, Translator>> = {
  'memory.max': value => ({ file: 'memory.limit_in_bytes', value: value === 'max' ? '-1' : value }),
  'memory.high': to('memory.soft_limit_in_bytes', 'throttling above that size becomes a soft limit'),
  'memory.low': to('memory.soft_limit_in_bytes', 'protection up to that size becomes a soft limit'),
  'memory.swap.max': (value, all) => {
    if (value === 'max') return { file: 'memory.memsw.limit_in_bytes', value: '-1' };
    const swap = bytes(value);
    const memory = bytes(all.get('memory.max') ?? all.get('memory.limit_in_bytes'));
    if (swap === undefined || memory === undefined) return undefined;
    return { file: 'memory.memsw.limit_in_bytes', value: String(swap + memory) };
  },
  'cpu.weight': value => ({
    file: 'cpu.shares',
    value: String(sharesOf(value)),
    approximately: 'the weight becomes the nearest shares',
  }),
  'cpu.max': value => ({
    file: 'cpu.cfs_quota_us',
    value: value.split(/\s+/)[0] === 'max' ? '-1' : (value.split(/\s+/)[0] ?? ''),
  }),
  'cpuset.cpus': to('cpuset.cpus'),
  'cpuset.mems': to('cpuset.mems'),
  'pids.max': to('pids.max'),
  'io.weight': value => ({
    file: 'blkio.weight',
    value: String(10 + Math.round(((Number(value.replace('default ', '')) - 1) * 990) / 9999)),
    approximately: 'the weight is scaled from 1–10000 to 10–1000',
  }),
};

/** The v1 writes that come before a translated one: the period before the quota. */
export function companion(file: string, value: string): Translation | undefined {
  const period = file === 'cpu.max' ? value.split(/\s+/)[1] : undefined;
  return period === undefined ? undefined : { file: 'cpu.cfs_period_us', value: period };
}

/** io.max is one v2 line with many limits: each is a v1 file of its own. */
export function ioMaxToV1(value: string): readonly Translation[] {
  const [device = '', ...limits] = value.split(/\s+/);
  const files: Readonly<Record<string, string>> = {
    rbps: 'blkio.throttle.read_bps_device',
    wbps: 'blkio.throttle.write_bps_device',
    riops: 'blkio.throttle.read_iops_device',
    wiops: 'blkio.throttle.write_iops_device',
  };
  return limits.flatMap(limit => {
    const [word = '', amount = ''] = limit.split('=');
    const file = files[word];
    return file ? [{ file, value: `${device} ${amount === 'max' ? '0' : amount}` }] : [];
  });
}

/** hugetlb.2MB.limit_in_bytes and hugetlb.2MB.max: a family, not one name. */
export function translateHugetlb(file: string, value: string): Translation | undefined {
  const [, size, kind] = /^hugetlb\.(\w+)\.(limit_in_bytes|max)$/.exec(file) ?? [];
  if (!size) return undefined;
  return { file: `hugetlb.${size}.${kind === 'max' ? 'limit_in_bytes' : 'max'}`, value };
}

function throttle(value: string, word: string): Translation {
  const [device = '', amount = ''] = value.trim().split(/\s+/);
  return { file: 'io.max', value: `${device} ${word}=${amount === '0' ? 'max' : amount}` };
}

function unlimitedAs(value: string, word: string): string {
  return value === '-1' ? word : value;
}

/** The kernel's memparse: bytes, or with K, M, G, T; undefined for anything else. */
function bytes(text: string | undefined): bigint | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmgt]?)$/i.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  return BigInt(digits) << BigInt(10 * ' kmgt'.indexOf(unit.toLowerCase() || ' '));
}

/** 2–262144 shares to 1–10000, as the OCI runtimes do. */
function weightOf(shares: string): number {
  return Math.min(10_000, Math.max(1, 1 + Math.floor(((Number(shares) - 2) * 9999) / 262_142)));
}

function sharesOf(weight: string): number {
  return Math.max(2, Math.round(2 + ((Number(weight) - 1) * 262_142) / 9999));
}
