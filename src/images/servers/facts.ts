// What is known of an image, as lines of KEY VALUE: the form in which templates keep facts.

import { createHash } from 'node:crypto';
import type { ImageWords } from '../unpack/words.ts';
import type { FoundImage } from './image.ts';

/** Which image it is, and `index`: what changes exactly when its files do. */
export function imageFacts({ server, image, files }: FoundImage): string[] {
  const sums = [files.rootfs.sha256, files.meta?.sha256 ?? ''].join(' ');
  return [
    `distribution ${image.distribution}\n`,
    `release ${image.release}\n`,
    `arch ${image.arch}\n`,
    `variant ${image.variant}\n`,
    `build ${image.build}\n`,
    `origin ${server.url}\n`,
    `index ${createHash('sha256').update(sums).digest('hex')}\n`,
  ];
}

/** What it says of itself: config lines, the shared config that it includes, its message; keys may come several times. */
export function wordFacts({ config, message }: ImageWords): string[] {
  return [
    ...(config.include === undefined ? [] : [`include ${config.include}\n`]),
    ...config.lines.map(line => `config ${line}\n`),
    ...config.left.map(key => `left ${key}\n`),
    ...message.map(line => `message ${line}\n`),
  ];
}
