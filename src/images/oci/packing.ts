// Layers are packed by gzip, by zstd, or not at all: their first bytes say which, whatever their media type says.

import { pipeline, Readable, type Writable } from 'node:stream';
import { pipeline as pipelineEnd } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { TslxcError } from '../../base/errors.ts';
import { streamProgram } from '../../host/stream-program.ts';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The unpacked bytes. Throws IMAGE_INVALID for damaged ones, and what the stream throws. */
export async function* unpacked(
  stream: AsyncIterable<Buffer>,
  env: Readonly<Record<string, string | undefined>>,
): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  while (first.length < ZSTD.length) {
    const { done, value } = await chunks.next();
    if (done) break;
    first = Buffer.concat([first, value]);
  }
  const all = prefixed(first, chunks);
  if (first.subarray(0, 2).equals(GZIP)) yield* gunzipped(all);
  else if (first.subarray(0, 4).equals(ZSTD)) yield* unzstd(all, env);
  else yield* all;
}

async function* prefixed(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* gunzipped(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // An error of either is thrown by the iteration.
  pipeline(Readable.from(stream), gunzip, () => {});
  yield* gunzip as AsyncIterable<Buffer>;
}

/** By the host's zstd: Node has its own from 22.15 on. */
async function* unzstd(
  stream: AsyncIterable<Buffer>,
  env: Readonly<Record<string, string | undefined>>,
): AsyncGenerator<Buffer> {
  const zstd = streamProgram('zstd', ['--decompress', '--stdout', '--quiet'], { env });
  const fed = feed(stream, zstd.stdin);
  try {
    yield* zstd.stdout as AsyncIterable<Buffer>;
    await fed;
    const { ok, text } = await zstd.ended;
    if (ok) return;
    throw new TslxcError(
      'IMAGE_INVALID',
      text.includes('ENOENT') ? 'this host lacks zstd' : `zstd: ${text.split('\n')[0]}`,
    );
  } finally {
    zstd.kill();
    await fed.catch(() => {});
  }
}

/** Writes a stream into a program's stdin, at the program's pace; one that has ended takes no more. Throws what the stream throws. */
export async function feed(stream: AsyncIterable<Buffer>, into: Writable): Promise<void> {
  let fault: { readonly error: unknown } | undefined;
  async function* noted(): AsyncGenerator<Buffer> {
    try {
      yield* stream;
    } catch (error) {
      fault = { error };
      throw error;
    }
  }
  // The program's own status says why it took no more.
  await pipelineEnd(noted(), into).catch(() => {});
  if (fault !== undefined) throw fault.error;
}
