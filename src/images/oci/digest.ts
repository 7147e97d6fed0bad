// Digests: an image is what its digests say, and nothing that does not fit them is unpacked.

import { createHash, type Hash } from 'node:crypto';
import { TslxcError } from '../../base/errors.ts';

/** `sha256:HEX` or `sha512:HEX`, checked. */
export type Digest = string;

const FORMS: Readonly<Record<string, RegExp>> = { sha256: /^[0-9a-f]{64}$/, sha512: /^[0-9a-f]{128}$/ };

/** Whether a text is a digest of an algorithm that counts as safe. */
export function isDigest(text: unknown): text is Digest {
  if (typeof text !== 'string') return false;
  const [algorithm = '', hex = '', ...more] = text.split(':');
  return more.length === 0 && Object.hasOwn(FORMS, algorithm) && FORMS[algorithm]?.test(hex) === true;
}

/** The digest of bytes, by the algorithm of `like` (default sha256). */
export function digestOf(bytes: Uint8Array, like: Digest = 'sha256:'): Digest {
  const algorithm = like.split(':', 1)[0] ?? 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** What a stream of bytes must turn out to be. */
export interface Expected {
  readonly digest: Digest;
  /** Bytes; undefined: not known. */
  readonly sizeBytes?: number;
  /** For the message: what it is, and who gave it. */
  readonly what: string;
}

/**
 * The same bytes; at their end, unless they are what was expected, IMAGE_TAMPERED. A reader must read to the end, and must not
 * keep what it did if this throws.
 */
export async function* verified(stream: AsyncIterable<Buffer>, expected: Expected): AsyncGenerator<Buffer> {
  const { digest, sizeBytes, what } = expected;
  const algorithm = digest.split(':', 1)[0] ?? 'sha256';
  const hash: Hash = createHash(algorithm);
  let count = 0;
  for await (const chunk of stream) {
    count += chunk.length;
    if (sizeBytes !== undefined && count > sizeBytes)
      throw tampered(what, `it is longer than the ${sizeBytes} bytes it should have`);
    hash.update(chunk);
    yield chunk;
  }
  if (sizeBytes !== undefined && count !== sizeBytes)
    throw tampered(what, `it has ${count} bytes, not ${sizeBytes}`);
  const found = `${algorithm}:${hash.digest('hex')}`;
  if (found !== digest) throw tampered(what, `its digest is ${found}`);
}

/** Reads a stream for its digest alone. Throws IMAGE_TAMPERED. */
export async function verifyStream(stream: AsyncIterable<Buffer>, expected: Expected): Promise<void> {
  for await (const _ of verified(stream, expected));
}

/** Throws IMAGE_TAMPERED unless the bytes are what was expected. */
export function verifyBytes(bytes: Uint8Array, { digest, sizeBytes, what }: Expected): void {
  if (sizeBytes !== undefined && bytes.length !== sizeBytes)
    throw tampered(what, `it has ${bytes.length} bytes, not ${sizeBytes}`);
  const found = digestOf(bytes, digest);
  if (found !== digest) throw tampered(what, `its digest is ${found}`);
}

export function tampered(what: string, why: string): TslxcError {
  return new TslxcError('IMAGE_TAMPERED', `${what} is not what it should be: ${why}`);
}
