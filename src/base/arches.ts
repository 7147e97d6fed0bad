// The words of lxc.arch and `attach -a`, and the personality(2) that each stands for.

export const PER_LINUX = 0x0000;
export const PER_LINUX32 = 0x0008;

const ARCHES_32 = [
  'arm',
  'armel',
  'armhf',
  'armv7l',
  'athlon',
  'i386',
  'i486',
  'i586',
  'i686',
  'linux32',
  'mips',
  'mipsel',
  'ppc',
  'powerpc',
  'x86',
  'x32',
] as const;
const ARCHES_64 = [
  'aarch64',
  'amd64',
  'arm64',
  'linux64',
  'mips64',
  'mips64el',
  'ppc64',
  'ppc64el',
  'ppc64le',
  'powerpc64',
  'riscv64',
  's390x',
  'x86_64',
  'loongarch64',
  'loong64',
] as const;

export const ARCH_WORDS: readonly string[] = [...ARCHES_32, ...ARCHES_64];

/** The personality of an arch word; undefined for a word that LXC does not know. */
export function personality(arch: string): number | undefined {
  if ((ARCHES_32 as readonly string[]).includes(arch)) return PER_LINUX32;
  if ((ARCHES_64 as readonly string[]).includes(arch)) return PER_LINUX;
  return undefined;
}

const NAME_32: Readonly<Record<string, string>> = {
  aarch64: 'armv7l',
  ppc64: 'ppc',
  ppc64le: 'ppc',
  mips64: 'mips',
};

/** How an arch word reads back on a machine (`uname -m`): `i686` or `x86_64`, or that machine's own pair. */
export function archReadBack(arch: string, machine = 'x86_64'): string {
  const is32 = personality(arch) === PER_LINUX32;
  if (machine === 'x86_64' || machine === 'i686') return is32 ? 'i686' : 'x86_64';
  return is32 ? (NAME_32[machine] ?? machine) : machine;
}
