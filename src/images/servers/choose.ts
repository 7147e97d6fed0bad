// Which image is meant: by distribution, release, architecture and variant; of its builds the newest.

import { TslxcError } from '../../base/errors.ts';
import { closest } from '../../base/spelling.ts';
import type { OfferedImage } from './model.ts';

/** What is asked for; what is absent may be anything. */
export interface Wanted {
  readonly distribution?: string;
  readonly release?: string;
  readonly arch?: string;
  readonly variant?: string;
  /** One build only. */
  readonly build?: string;
}

const FIELDS = ['distribution', 'release', 'arch', 'variant', 'build'] as const;

/** The kernel's words for machines, and the servers'. */
const SERVER_ARCHES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  i686: 'i386',
  i586: 'i386',
  aarch64: 'arm64',
  armv7l: 'armhf',
  ppc64le: 'ppc64el',
  loongarch64: 'loong64',
};

/** A machine in the servers' words: `amd64` for `x86_64`. */
export function serverArch(word: string): string {
  return SERVER_ARCHES[word] ?? word;
}

/** The images that match, the newest build of each alone, in alphabetic order. */
export function newestOf(images: readonly OfferedImage[], wanted: Wanted): OfferedImage[] {
  const newest = new Map<string, OfferedImage>();
  for (const image of images) {
    if (!FIELDS.every(field => wanted[field] === undefined || matches(image, wanted, field))) continue;
    const key = `${image.distribution};${image.release};${image.arch};${image.variant}`;
    const known = newest.get(key);
    if (known === undefined || known.build < image.build) newest.set(key, image);
  }
  return [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image);
}

function matches(image: OfferedImage, wanted: Wanted, field: (typeof FIELDS)[number]): boolean {
  return field === 'arch'
    ? serverArch(image.arch) === serverArch(wanted.arch ?? '')
    : image[field] === wanted[field];
}

/** The one image that is meant. Throws IMAGE_NOT_OFFERED, which names the server and what it has instead. */
export function chooseImage(
  images: readonly OfferedImage[],
  wanted: Required<Omit<Wanted, 'build'>> & Pick<Wanted, 'build'>,
  server: string,
): OfferedImage {
  const [image] = newestOf(images, wanted);
  if (image !== undefined) return image;
  // The first word that nothing matches is the one to blame.
  const known: Wanted = {};
  for (const field of FIELDS) {
    const candidates = newestOrOld(images, known).map(one => one[field]);
    const word = wanted[field];
    if (word !== undefined && newestOrOld(images, { ...known, [field]: word }).length === 0)
      throw notOffered(wanted, { server, field, candidates: [...new Set(candidates)] });
    Object.assign(known, { [field]: word });
  }
  throw notOffered(wanted, { server, field: 'distribution', candidates: [] });
}

/** All builds that match, also older ones. */
function newestOrOld(images: readonly OfferedImage[], wanted: Wanted): OfferedImage[] {
  return images.filter(image =>
    FIELDS.every(field => wanted[field] === undefined || matches(image, wanted, field)),
  );
}

const MOST_NAMED = 24;

function notOffered(
  wanted: Wanted,
  about: { server: string; field: (typeof FIELDS)[number]; candidates: readonly string[] },
): TslxcError {
  const { server, field, candidates } = about;
  const asked = `${wanted.distribution} ${wanted.release} (${wanted.arch}, ${wanted.variant}${wanted.build === undefined ? '' : `, ${wanted.build}`})`;
  // Of short words, 9 say, every other is near.
  const word = wanted[field] ?? '';
  const near = word.length < 3 ? undefined : closest(word, candidates);
  const sorted = [...candidates].sort();
  const some = sorted.slice(0, MOST_NAMED).join(' ') + (sorted.length > MOST_NAMED ? ' …' : '');
  const hint =
    near === undefined ? `as ${field} it has: ${some || 'nothing'}` : `did you mean ${near}? It has: ${some}`;
  return new TslxcError('IMAGE_NOT_OFFERED', `${server} has no image ${asked}`, { hint });
}
