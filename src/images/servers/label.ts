// metadata.yaml says which image it belongs to. Where the index has no checksums of its own, this is what tells the signed files of one
// image from those of another.

import { TslxcError } from '../../base/errors.ts';
import { readSmallFiles } from '../unpack/small-files.ts';
import { serverArch } from './choose.ts';
import type { OfferedImage } from './model.ts';

interface About {
  readonly url: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Throws IMAGE_TAMPERED when the tarball with metadata.yaml is another image's, or does not say whose it is. */
export async function checkLabel(
  tarball: Uint8Array,
  image: OfferedImage,
  { url, env }: About,
): Promise<void> {
  const files = await readSmallFiles({ name: url, data: tarball, wanted: ['metadata.yaml'], env });
  const properties = await propertiesOf(files.get('metadata.yaml') ?? '');
  const told = {
    distribution: systemOf(properties['os'] ?? '', image.distribution),
    release: properties['release'],
    arch: serverArch(properties['architecture'] ?? ''),
    variant: properties['variant'],
    build: properties['serial'],
  };
  const meant = { ...image, arch: serverArch(image.arch) };
  for (const [key, word] of Object.entries(told) as [keyof typeof told, string | undefined][]) {
    if (word === meant[key]) continue;
    const shown = (word || 'nothing').replaceAll(/\p{C}/gu, '?').slice(0, 80);
    throw new TslxcError(
      'IMAGE_TAMPERED',
      `${url} belongs to another image: its ${key} is ${shown}, not ${meant[key]}`,
    );
  }
}

/** linuxcontainers' builder calls the system of its image alpine Alpinelinux. */
function systemOf(word: string, distribution: string): string {
  const os = word.toLowerCase();
  return os === `${distribution.toLowerCase()}linux` || os === distribution.toLowerCase() ? distribution : os;
}

/** Its `properties`, as text: a release 3.10 must not become the number 3.1. */
async function propertiesOf(text: string): Promise<Record<string, string>> {
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(text, { schema: 'failsafe', maxAliasCount: 0 });
  } catch {
    return {};
  }
  const properties = (document as { properties?: Record<string, unknown> } | null)?.properties ?? {};
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
