// Which of an image's platforms is taken.

import { TslxcError } from '../../base/errors.ts';
import type { ImageConfig, IndexEntry } from './image.ts';

export interface Platform {
  /** Go's word: amd64. */
  readonly architecture: string;
  /** Empty: any. */
  readonly variant: string;
}

/** Words of uname, Debian and Go: what they mean in an image, and in lxc.arch. */
const ARCHES: Readonly<Record<string, readonly [architecture: string, variant: string, lxc: string]>> = {
  amd64: ['amd64', '', 'amd64'],
  x86_64: ['amd64', '', 'amd64'],
  arm64: ['arm64', '', 'arm64'],
  aarch64: ['arm64', '', 'arm64'],
  arm: ['arm', '', 'armhf'],
  armhf: ['arm', 'v7', 'armhf'],
  armv7l: ['arm', 'v7', 'armhf'],
  armel: ['arm', 'v5', 'armel'],
  '386': ['386', '', 'i686'],
  i386: ['386', '', 'i686'],
  i686: ['386', '', 'i686'],
  ppc64le: ['ppc64le', '', 'ppc64le'],
  ppc64el: ['ppc64le', '', 'ppc64le'],
  s390x: ['s390x', '', 's390x'],
  riscv64: ['riscv64', '', 'riscv64'],
  loong64: ['loong64', '', 'loongarch64'],
};
const NODE_ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** The platform of a word, default this host's. Throws BAD_ARGUMENT. */
export function platformOf(word: string | undefined): Platform {
  const wanted = word ?? NODE_ARCHES[process.arch] ?? process.arch;
  const found = Object.hasOwn(ARCHES, wanted) ? ARCHES[wanted] : undefined;
  if (found === undefined)
    throw new TslxcError(
      'BAD_ARGUMENT',
      `--arch ${JSON.stringify(wanted)}: images know no such architecture`,
      {
        hint: `use one of ${Object.keys(ARCHES).join(' ')}`,
      },
    );
  return { architecture: found[0], variant: found[1] };
}

/** The word of lxc.arch for an image, or undefined when it does not say. */
export function lxcArch(config: ImageConfig): string | undefined {
  return Object.hasOwn(ARCHES, config.architecture) ? ARCHES[config.architecture]?.[2] : undefined;
}

/** The manifest for a platform. Throws NOT_FOR_ARCH naming those that there are. */
export function chooseManifest(entries: readonly IndexEntry[], platform: Platform, what: string): IndexEntry {
  const fits = entries.filter(
    entry => entry.architecture === platform.architecture && (entry.os === 'linux' || entry.os === ''),
  );
  const exact = fits.filter(entry => platform.variant === '' || entry.variant === platform.variant);
  // Of several, the one that asks least of the machine: no variant, else the first.
  const chosen =
    exact.find(entry => entry.variant === '') ?? exact[0] ?? fits.find(entry => entry.variant === '');
  if (chosen !== undefined) return chosen;
  const there = entries.filter(entry => entry.os === 'linux').map(platformText);
  throw notFor(what, platform, there.join(', ') || 'none for linux');
}

/** Refuses an image of one platform that is not the one that was asked for. */
export function checkPlatform(config: ImageConfig, platform: Platform, what: string): void {
  if (config.architecture === '' || config.architecture === platform.architecture) return;
  throw notFor(what, platform, platformText(config));
}

function notFor(what: string, platform: Platform, there: string): TslxcError {
  return new TslxcError('NOT_FOR_ARCH', `${what} is not for ${platformText(platform)}; it is for: ${there}`, {
    hint: 'choose with --arch',
  });
}

function platformText({ architecture, variant }: Platform): string {
  return variant === '' ? architecture : `${architecture}/${variant}`;
}
