// LXC's own index: `meta/1.0/index-system`, one image a line, `;` between its words; and SHA256SUMS beside an image's files.

import { badIndex, isPlainWord, isSha256, type OfferedImage, pathBeneath, type ServerFile } from './model.ts';

const MOST_LINES = 20_000;

/** `DISTRIBUTION;RELEASE;ARCH;VARIANT;BUILD;DIRECTORY` a line. Throws IMAGE_INDEX_INVALID. */
export function parseIndexSystem(text: string, url: string): OfferedImage[] {
  const lines = text.split('\n', MOST_LINES + 1).filter(line => line !== '');
  if (lines.length > MOST_LINES) throw badIndex(url, `more than ${MOST_LINES} lines`);
  return lines.map((line, index) => {
    const [distribution, release, arch, variant, build, where, ...more] = line.split(';');
    const directory = pathBeneath(where);
    if (
      ![distribution, release, arch, variant, build].every(isPlainWord) ||
      directory === undefined ||
      more.some(word => word !== '')
    )
      throw badIndex(url, `line ${index + 1} is not DISTRIBUTION;RELEASE;ARCH;VARIANT;BUILD;PATH`);
    return { distribution, release, arch, variant, build, directory } as OfferedImage;
  });
}

/** The files that SHA256SUMS of `directory` vouches for, by name. Throws IMAGE_INDEX_INVALID. */
export function parseChecksums(text: string, directory: string, url: string): Map<string, ServerFile> {
  const files = new Map<string, ServerFile>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, sha256, name] = /^([0-9a-f]{64}) [ *](?:\.\/)?([^/]+)$/.exec(line) ?? [];
    const path = pathBeneath(`${directory}/${name}`);
    if (!isSha256(sha256) || name === undefined || path === undefined)
      throw badIndex(url, 'a line is not a checksum and a name');
    if (files.has(name)) throw badIndex(url, `${name} is in it twice`);
    files.set(name, { path, sha256 });
  }
  return files;
}
