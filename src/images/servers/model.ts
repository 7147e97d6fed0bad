// What an image server offers, whichever format it says it in.

import { TslxcError } from '../../base/errors.ts';

/** A file of a server. */
export interface ServerFile {
  /** Beneath the server's address, without a leading slash. */
  readonly path: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes?: number;
}

export interface OfferedImage {
  readonly distribution: string;
  readonly release: string;
  /** As the server spells it: `amd64`. */
  readonly arch: string;
  readonly variant: string;
  /** When it was built, in a form that sorts by time: `20261121_10:00`. */
  readonly build: string;
  /** Where the build's files are, without slashes at its ends. */
  readonly directory: string;
  /** Known where the index itself has checksums (simplestreams); elsewhere they are in the directory's SHA256SUMS. */
  readonly rootfs?: ServerFile;
  /** The tarball with metadata.yaml, which says what the image is. */
  readonly label?: ServerFile;
}

/** Some servers write the colon of a build as %3A. */
const PATH =
  /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?:[A-Za-z0-9._~:+@=,-]|%3A)+(?:\/(?:[A-Za-z0-9._~:+@=,-]|%3A)+)*$/;
const MOST_PATH_CHARACTERS = 512;

/** The path without slashes at its ends, or undefined when it could lead elsewhere than beneath the server's address. */
export function pathBeneath(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > MOST_PATH_CHARACTERS) return undefined;
  const path = text.replace(/^\//, '').replace(/\/$/, '');
  return PATH.test(path) && !/^[a-z]+:/.test(path) ? path : undefined;
}

/** Words of an index become words of messages, options and paths: nothing else than these characters. */
export function isPlainWord(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9._~:+-]{0,127}$/.test(text);
}

export function isSha256(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/** An index that is not what its format says. */
export function badIndex(url: string, why: string): TslxcError {
  return new TslxcError('IMAGE_INDEX_INVALID', `${url}: ${why}`, {
    hint: 'the server is not to be trusted with this; give another with --server',
  });
}
