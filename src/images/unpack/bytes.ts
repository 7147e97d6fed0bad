// All bytes of a file behind a descriptor, which stays open.

import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';

const CHUNK_BYTES = 1024 * 1024;

/** From the beginning, wherever the descriptor stands. */
export function wholeFile(fd: number): ReadStream {
  return createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
}

/** sha256 in hexadecimal digits. */
export async function hashOf(fd: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of wholeFile(fd)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
