// Reads a tar archive as it comes: its members in order, each with its content.

import {
  BLOCK,
  badTar,
  padding,
  readBlock,
  readHeader,
  readPax,
  sizeOf,
  type TarHeader,
} from './tar-format.ts';

export interface TarMember {
  readonly header: TarHeader;
  /** Where its content begins, in bytes from the start of the archive. */
  readonly offset: number;
  /** The content; what is not read before the next member is skipped. */
  content(): AsyncIterable<Buffer>;
}

/** Names, attributes: nobody has more, and a header is held in memory. */
const LARGEST_HEADER_BYTES = 4 << 20;

/** The members of an archive, to its very last byte. Throws IMAGE_INVALID; what the stream throws. */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const bytes = new ByteQueue(stream);
  let pax = new Map<string, Buffer>();
  let long: { name?: string; link?: string } = {};
  for (;;) {
    const block = await bytes.take(BLOCK);
    const found = block && readBlock(block);
    if (!block || !found) break;
    const { letter, sizeBytes } = found;
    if ('xgLK'.includes(letter)) {
      const said = await extension(bytes, sizeBytes);
      if (letter === 'x') pax = readPax(said);
      // A global header (g) is a comment of whoever made the archive.
      else if (letter === 'L') long = { ...long, name: untilNul(said) };
      else if (letter === 'K') long = { ...long, link: untilNul(said) };
      continue;
    }
    const header = readHeader(block, pax, long);
    const stored = header.type === 'file' ? sizeOf(block, pax) : 0;
    const body = bytes.section(stored);
    yield { header, offset: body.offset, content: body.read };
    await body.skip();
    [pax, long] = [new Map(), {}];
  }
  await bytes.drain();
}

async function extension(bytes: ByteQueue, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > LARGEST_HEADER_BYTES) badTar('a header in it is too large');
  const padded = await bytes.take(sizeBytes + padding(sizeBytes).length);
  return padded?.subarray(0, sizeBytes) ?? badTar('it ends too early');
}

function untilNul(bytes: Buffer): string {
  return bytes.toString('latin1').split('\0', 1)[0] ?? '';
}

/** A stream of which any number of bytes can be taken. */
class ByteQueue {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #taken = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; undefined at the end of the stream. Throws when it ends between. */
  async take(count: number): Promise<Buffer | undefined> {
    while (this.#rest.length < count) {
      if (await this.#more()) continue;
      return this.#rest.length === 0 ? undefined : badTar('it ends too early');
    }
    return this.#cut(count);
  }

  /** The next bytes as content of a member, with the padding after it. */
  section(sizeBytes: number): {
    offset: number;
    read: () => AsyncIterable<Buffer>;
    skip: () => Promise<void>;
  } {
    let left = sizeBytes;
    const next = async (): Promise<Buffer> => {
      if (this.#rest.length === 0 && !(await this.#more())) badTar('it ends too early');
      const part = this.#cut(Math.min(left, this.#rest.length));
      left -= part.length;
      return part;
    };
    const read = async function* (): AsyncGenerator<Buffer> {
      while (left > 0) yield await next();
    };
    const skip = async (): Promise<void> => {
      while (left > 0) await next();
      await this.#pass(padding(sizeBytes).length);
    };
    return { offset: this.#taken, read, skip };
  }

  /** All that is left: a digest counts it too. */
  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    while (!(await this.#chunks.next()).done);
  }

  /** False at the end of the stream. */
  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }

  async #pass(count: number): Promise<void> {
    if (count > 0 && !(await this.take(count))) badTar('it ends too early');
  }

  #cut(count: number): Buffer {
    const part = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    this.#taken += count;
    return part;
  }
}
