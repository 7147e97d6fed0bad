// The tar format as layers have it: ustar, GNU's long names, pax records. A reader and a writer of our own, because those of npm read
// pax values as text: a file capability (security.capability) and a name that is no UTF-8 do not survive that.

import { TslxcError } from '../../base/errors.ts';

/** Everything is in multiples of it. */
export const BLOCK = 512;

export type EntryType = 'file' | 'link' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** What is said of one member. Names hold one byte a character (latin1), as in the archive. */
export interface TarHeader {
  readonly name: string;
  readonly type: EntryType;
  /** Of links: what they point to. */
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970 in decimal, perhaps with a fraction. */
  readonly mtime: string;
  readonly sizeBytes: number;
  /** Extended attributes by name. */
  readonly attributes: ReadonlyMap<string, Buffer>;
}

/** Keys of a pax header, values as bytes. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
const LETTERS: Readonly<Record<EntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};
const ATTRIBUTE = 'SCHILY.xattr.';

/** Throws IMAGE_INVALID: the archive is not what a layer may be. */
export function badTar(why: string): never {
  throw new TslxcError('IMAGE_INVALID', why);
}

/** A header block by its fields; undefined: a block of zeros, which ends an archive. */
export function readBlock(
  block: Buffer,
): { readonly letter: string; readonly sizeBytes: number } | undefined {
  let sum = 0;
  for (const byte of block) sum += byte;
  if (sum === 0) return undefined;
  // The checksum counts its own eight bytes as blanks.
  for (const byte of block.subarray(148, 156)) sum += 0x20 - byte;
  if (sum !== Number.parseInt(block.toString('latin1', 148, 156), 8))
    badTar('it is not a tar archive, or damaged');
  return { letter: block.toString('latin1', 156, 157), sizeBytes: number(block, 124, 12) };
}

/** The member that a block begins, with what GNU and pax headers before it said. Throws IMAGE_INVALID. */
export function readHeader(
  block: Buffer,
  pax: PaxRecords,
  long: { name?: string; link?: string },
): TarHeader {
  const letter = block.toString('latin1', 156, 157);
  if (letter === 'S' || [...pax.keys()].some(key => key.startsWith('GNU.sparse.')))
    badTar('it has a sparse file, a form of GNU tar that images do not have');
  const name = text(pax, 'path') ?? long.name ?? nameOf(block);
  const type =
    TYPES[letter] ?? badTar(`${JSON.stringify(name)} is of the unknown type ${JSON.stringify(letter)}`);
  const mtime = text(pax, 'mtime') ?? String(number(block, 136, 12));
  return {
    name,
    // Archives from before ustar know directories by their names.
    type: type === 'file' && name.endsWith('/') ? 'directory' : type,
    linkName: text(pax, 'linkpath') ?? long.link ?? field(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: decimal(pax, 'uid') ?? number(block, 108, 8),
    gid: decimal(pax, 'gid') ?? number(block, 116, 8),
    mtime: /^\d{1,10}(\.\d{1,18})?$/.test(mtime) ? mtime : '0',
    sizeBytes: type === 'file' ? sizeOf(block, pax) : 0,
    attributes: attributesOf(pax),
  };
}

/** The size of what follows a header: only of regular files is it content. */
export function sizeOf(block: Buffer, pax: PaxRecords): number {
  return decimal(pax, 'size') ?? number(block, 124, 12);
}

function nameOf(block: Buffer): string {
  const name = field(block, 0, 100);
  // Only ustar has a prefix there; GNU's own magic has a blank.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(block, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function field(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('latin1', at, end < 0 ? at + length : Math.min(end, at + length));
}

/** Octal, or GNU's base 256 for what octal has no room for. */
function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  const value =
    first >= 0x80
      ? block.subarray(at + 1, at + length).reduce((total, byte) => total * 256 + byte, first & 0x3f)
      : Number.parseInt(
          block
            .toString('latin1', at, at + length)
            .replace(/[\0 ]+/g, ' ')
            .trim() || '0',
          8,
        );
  // Negative times are the only negative numbers there are, and of no use.
  if (first === 0xff) return 0;
  return Number.isSafeInteger(value) ? value : badTar('a number in it is too large, or none');
}

/** The records of a pax header: `LENGTH KEY=VALUE\n`, the length counted with itself. */
export function readPax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const blank = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, blank));
    const equals = bytes.indexOf(0x3d, blank);
    const end = at + length;
    if (!(length > 3 && blank > at && equals > blank && equals < end && end <= bytes.length))
      badTar('a pax header in it is damaged');
    records.set(bytes.toString('latin1', blank + 1, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function text(pax: PaxRecords, key: string): string | undefined {
  const value = pax.get(key)?.toString('latin1');
  if (value?.includes('\0')) badTar(`the pax record ${key} has a NUL byte`);
  return value === '' ? undefined : value;
}

function decimal(pax: PaxRecords, key: string): number | undefined {
  const value = text(pax, key);
  if (value === undefined) return undefined;
  return /^\d{1,15}$/.test(value) ? Number(value) : badTar(`the pax record ${key} is no number`);
}

function attributesOf(pax: PaxRecords): Map<string, Buffer> {
  const found = [...pax].filter(([key]) => key.startsWith(ATTRIBUTE));
  return new Map(found.map(([key, value]) => [key.slice(ATTRIBUTE.length), value]));
}

/** The bytes of a header: all that ustar has no room for is in pax records before it. */
export function writeHeader(header: TarHeader): Buffer {
  const records = new Map<string, Buffer>();
  const say = (key: string, value: string) => records.set(key, Buffer.from(value, 'latin1'));
  if (header.name.length > 100) say('path', header.name);
  if (header.linkName.length > 100) say('linkpath', header.linkName);
  for (const id of ['uid', 'gid'] as const) if (header[id] > 0o7777777) say(id, String(header[id]));
  if (header.sizeBytes > 0o77777777777) say('size', String(header.sizeBytes));
  if (header.mtime.includes('.')) say('mtime', header.mtime);
  for (const [name, value] of header.attributes) records.set(ATTRIBUTE + name, value);
  const block = writeBlock(header, LETTERS[header.type]);
  if (records.size === 0) return block;
  const pax = Buffer.concat([...records].map(([key, value]) => paxRecord(key, value)));
  const before = writeBlock({ ...header, name: 'pax', linkName: '', sizeBytes: pax.length }, 'x');
  return Buffer.concat([before, pax, padding(pax.length), block]);
}

/** Zeros up to the next block. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  // The length counts its own digits.
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length += 1;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, 'latin1'), value, Buffer.from('\n')]);
}

function writeBlock(header: TarHeader, letter: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write((value >= 8 ** (length - 1) ? 0 : value).toString(8).padStart(length - 1, '0'), at, 'latin1');
  block.write(header.name.slice(0, 100), 0, 'latin1');
  octal(header.mode, 100, 8);
  octal(header.uid, 108, 8);
  octal(header.gid, 116, 8);
  octal(header.sizeBytes, 124, 12);
  octal(Number.parseInt(header.mtime, 10), 136, 12);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(letter, 156, 'latin1');
  block.write(header.linkName.slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
