// Unpacks a root file system that others made, as root of the host, into a directory that nobody else can reach. GNU tar takes the
// leading / off names, refuses those with .. in them, and makes links that lead out of the tree last, when nothing can be written
// through them any more. It runs without the right to make device nodes: through an idmapped mount they would work.

import { createHash } from 'node:crypto';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { type PipedEnd, runFed, startPrinting } from '../../host/piped-program.ts';
import { runShort } from '../../host/short-program.ts';
import { archiveOfFile, TAR_OPTION } from './archive.ts';
import { wholeFile } from './bytes.ts';

export interface Unpacking {
  /** For messages: an address or a file. */
  readonly name: string;
  /** Open for reading, and at its beginning; stays open. */
  readonly fd: number;
  /** What its bytes must hash to while they are unpacked; absent for the user's own files. */
  readonly sha256?: string;
  /** An empty directory. */
  readonly into: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Throws UNPACK_FAILED with the first complaint, IMAGE_TAMPERED when the bytes were not those that were vouched for. */
export async function unpackTree(unpacking: Unpacking): Promise<void> {
  const { fd, name, sha256 } = unpacking;
  const archive = archiveOfFile(fd);
  if (archive === undefined)
    throw new TslxcError('UNPACK_FAILED', `${name} is neither a tarball nor a squashfs`);
  const hash = createHash('sha256');
  const bytes = hashed(fd, hash);
  if (archive === 'squashfs') await unsquash(unpacking, bytes);
  else {
    const end = await runFed(
      ...withoutNodes('tar', tarArguments(TAR_OPTION[archive])),
      bytes,
      options(unpacking),
    );
    for await (const _ of bytes) {
      // tar stops at the end of the archive; what follows it counts for the hash all the same.
    }
    refuseComplaints(unpacking, end);
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256)
    throw new TslxcError('IMAGE_TAMPERED', `${name} changed while it was unpacked`);
  await finish(unpacking);
}

/** A copy of a directory of the host, with the same refusals. */
export async function copyTree(from: string, unpacking: Omit<Unpacking, 'fd' | 'sha256'>): Promise<void> {
  await copy(from, unpacking);
  await finish(unpacking);
}

async function copy(from: string, unpacking: Omit<Unpacking, 'fd' | 'sha256'>): Promise<void> {
  const { env, signal } = unpacking;
  const words = ['--create', '--one-file-system', '--sort=none', ...KEPT, '--directory', from, '.'];
  const packing = startPrinting('tar', words, { env, ...(signal === undefined ? {} : { signal }) });
  const end = await runFed(...withoutNodes('tar', tarArguments([])), packing.output, options(unpacking));
  const packed = await packing.ended;
  refuseComplaints(unpacking, end);
  if (packed.status !== 0) throw failed(unpacking.name, firstLine(packed.stderr));
}

/** Attributes by which an overlay is steered would steer the one that is put over this tree. */
const KEPT = [
  '--numeric-owner',
  '--acls',
  '--xattrs',
  '--xattrs-include=security.capability',
  '--xattrs-include=user.*',
  '--xattrs-exclude=user.overlay.*',
];

function tarArguments(decompress: readonly string[]): string[] {
  return [
    ...['--extract', '--file=-', ...decompress, '--preserve-permissions', '--same-owner', ...KEPT],
    ...['--warning=no-timestamp', '--warning=no-unknown-keyword', '--delay-directory-restore'],
    // The container's /dev is made at its start.
    ...['--anchored', '--exclude=./dev/*', '--exclude=dev/*'],
  ];
}

function options({ into, env, signal }: Pick<Unpacking, 'into' | 'env' | 'signal'>) {
  // Such variables add options to tar and to what it starts.
  const { TAR_OPTIONS: _, XZ_OPT: _x, XZ_DEFAULTS: _d, GZIP: _g, TAPE: _t, ...rest } = env;
  return { cwd: into, env: { ...rest, LC_ALL: 'C' }, ...(signal === undefined ? {} : { signal }) };
}

/** Only root could make nodes, and only root can give the right up. */
function withoutNodes(program: string, words: readonly string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [program, [...words]];
  return ['setpriv', ['--bounding-set', '-mknod', '--inh-caps', '-mknod', '--', program, ...words]];
}

async function* hashed(fd: number, hash: { update(chunk: Buffer): unknown }): AsyncGenerator<Buffer> {
  for await (const chunk of wholeFile(fd)) {
    hash.update(chunk as Buffer);
    yield chunk as Buffer;
  }
}

/**
 * unsquashfs seeks in its file, so the hash is taken before; the descriptor is the same. It keeps every attribute, so the tree goes
 * through tar's sieve once more.
 */
async function unsquash(unpacking: Unpacking, bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of bytes) {
    // hashed on the way
  }
  const raw = mkdtempSync(join(dirname(unpacking.into), '.tslxc-squashfs-'));
  try {
    const words = ['-no-progress', '-force', '-dest', raw, `/proc/${process.pid}/fd/${unpacking.fd}`];
    const { env, signal } = options(unpacking);
    const program = withoutNodes('unsquashfs', words);
    const printing = startPrinting(...program, { env, ...(signal === undefined ? {} : { signal }) });
    printing.output.resume();
    refuseComplaints(unpacking, await printing.ended);
    await copy(raw, unpacking);
  } finally {
    rmSync(raw, { recursive: true, force: true });
  }
}

/** What the programs say for the nodes that they may not make, and for nothing else. */
const HARMLESS = [
  /: Cannot mknod: Operation not permitted$/,
  /^tar: Exiting with failure status due to previous errors$/,
  /^tar: Removing leading `.*' from (member names|hard link targets)$/,
  /^create_inode: failed to create (character|block) device .*, because Operation not permitted$/,
  /^$/,
];

function refuseComplaints({ name }: Pick<Unpacking, 'name'>, end: PipedEnd): void {
  if (end.startError !== undefined) throw failed(name, `${end.startError}: is tar or unsquashfs installed?`);
  if (end.status === 0) return;
  const complaints = end.stderr.split('\n').filter(line => !HARMLESS.some(pattern => pattern.test(line)));
  // No complaint, and none of the harmless ones either: it was killed. A full disk is told late, after what came of it.
  const cause =
    complaints.find(line => /No space left|quota exceeded|Read-only/i.test(line)) ?? complaints[0];
  if (cause !== undefined || end.stderr === '')
    throw failed(name, cause ?? `ended with status ${end.status}`);
}

function failed(name: string, complaint: string): TslxcError {
  const cause = complaint.replace(/^(tar|xz|unsquashfs|FATAL ERROR): */i, '').replaceAll(/\p{Cc}/gu, '?');
  return new TslxcError('UNPACK_FAILED', `${name} can't be unpacked: ${cause}`);
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

/** An empty /dev, no node anywhere, and something in it that could be a system. */
async function finish({ name, into, env }: Pick<Unpacking, 'name' | 'into' | 'env'>): Promise<void> {
  const dev = join(into, 'dev');
  const there = lstatSync(dev, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) rmSync(dev);
  if (!lstatSync(dev, { throwIfNoEntry: false })) mkdirSync(dev, { mode: 0o755 });
  for (const entry of readdirSync(dev)) rmSync(join(dev, entry), { recursive: true, force: true });
  // Root may make the node 0:0, a whiteout, without the right to make nodes.
  const words = [into, '-xdev', '(', '-type', 'b', '-o', '-type', 'c', ')', '-delete'];
  const { status, stderr } = await runShort('find', words, {
    PATH: env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C',
  });
  if (status !== 0) throw failed(name, firstLine(stderr));
  if (!readdirSync(into).some(entry => ['bin', 'usr', 'sbin', 'etc'].includes(entry)))
    throw new TslxcError(
      'UNPACK_FAILED',
      `${name} holds no root file system: neither /usr nor /bin nor /etc is in it`,
    );
}

/** Opens a tarball or squashfs of the host. Throws UNPACK_FAILED. */
export function openArchive(path: string): number {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new TslxcError('UNPACK_FAILED', `${path} is not a file`);
  const fd = openSync(path, 'r');
  if (archiveOfFile(fd) !== undefined) return fd;
  closeSync(fd);
  throw new TslxcError('UNPACK_FAILED', `${path} is neither a tarball nor a squashfs`);
}
