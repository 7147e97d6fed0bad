import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BLOCK,
  type EntryType,
  padding,
  type TarHeader,
  writeHeader,
} from '../../../../src/images/oci/tar-format.ts';
import { readTar } from '../../../../src/images/oci/tar-reader.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size = 1000) {
  const found: (TarHeader & { content: string; offset: number })[] = [];
  for await (const { header, offset, content } of readTar(inPieces(bytes, size))) {
    const parts: Buffer[] = [];
    for await (const part of content()) parts.push(part);
    found.push({ ...header, offset, content: Buffer.concat(parts).toString('latin1') });
  }
  return found;
}

const name = fc.string({
  unit: fc.constantFrom('a', 'b/', '\xe9', '\n', ' ', '.', '='),
  minLength: 1,
  maxLength: 300,
});
const header = fc.record({
  name: name.map(text => `./${text}x`),
  type: fc.constantFrom<EntryType>('file', 'symlink', 'directory', 'fifo', 'link'),
  linkName: name,
  mode: fc.nat(0o7777),
  uid: fc.nat(0xffff_fffe),
  gid: fc.nat(0xffff_fffe),
  mtime: fc.constantFrom('0', '1700000000', '1700000000.123456789', '99999999999.5'),
  attributes: fc.constantFrom(
    new Map<string, Buffer>(),
    new Map([['user.x', Buffer.from([0, 255, 10, 61])]]),
  ),
  content: fc.string({ maxLength: 2000 }),
});

test('what is written is read again, in pieces of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(header, { maxLength: 5 }),
      fc.integer({ min: 1, max: 5000 }),
      async (headers, size) => {
        const wanted = headers.map(({ content, ...one }) => {
          const bytes = one.type === 'file' ? Buffer.from(content) : Buffer.alloc(0);
          return {
            ...one,
            bytes,
            sizeBytes: bytes.length,
            mtime: one.mtime.length > 11 && one.mtime.startsWith('9') ? '0' : one.mtime,
          };
        });
        const parts = wanted.flatMap(one => [writeHeader(one), one.bytes, padding(one.bytes.length)]);
        const found = await read(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]), size);
        assert.deepEqual(
          found.map(({ offset: _, ...one }) => one),
          wanted.map(({ bytes, ...one }) => ({ ...one, content: bytes.toString('latin1') })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('archives of GNU tar, in each of its formats, with long names and large ids', async () => {
  const deep = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`;
  const script = `set -e; d=$(mktemp -d); cd "$d"; mkdir -p ${deep}; printf hello >${deep}/file; ln -s ${deep}/file link
    tar --create --format="$1" --numeric-owner --owner=4000000 --group=5 --mtime=@1234567890 ${deep}/file link; cd /; rm -rf "$d"`;
  for (const format of ['gnu', 'posix', 'oldgnu']) {
    const bytes = execFileSync('sh', ['-c', script, 'sh', format]);
    const [file, link] = await read(bytes);
    assert.deepEqual(
      [file?.name, file?.content, file?.uid, file?.gid],
      [`${deep}/file`, 'hello', 4000000, 5],
      format,
    );
    assert.equal(Number(file?.mtime), 1234567890);
    assert.equal(bytes.toString('latin1', file?.offset, (file?.offset ?? 0) + 5), 'hello');
    assert.deepEqual([link?.type, link?.linkName], ['symlink', `${deep}/file`], format);
  }
});

test('damage is told, whatever it is', async () => {
  const whole = execFileSync('sh', ['-c', 'cd /etc && tar --create --format=posix passwd group']);
  await assert.rejects(read(whole.subarray(0, 700)), /it ends too early/);
  await assert.rejects(read(Buffer.from('no archive'.repeat(100))), /not a tar archive/);
  for (let at = 0; at < 3 * BLOCK; at += 7) {
    const copy = Buffer.from(whole);
    copy[at] = (copy[at] ?? 0) ^ 0x55;
    // Read or refused, in our words: never stuck, never a fault of ours.
    await read(copy).catch(error => assert.equal(error.code, 'IMAGE_INVALID', `${at}: ${error.stack}`));
  }
});

test('a sparse file of GNU tar is refused', async () => {
  const script =
    'd=$(mktemp -d); cd "$d"; truncate -s 1M hole; echo x >>hole; tar --create --sparse --format="$1" hole; rm -rf "$d"';
  for (const format of ['gnu', 'posix'])
    await assert.rejects(read(execFileSync('sh', ['-c', script, 'sh', format])), /sparse file/);
});
