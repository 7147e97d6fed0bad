// Layers onto disk, in two readings. The first makes the model of the tree that they give together; the second sends each file that
// is left in it, once, to GNU tar, which knows owners, attributes and times better than we could. What tar gets is an archive that we
// wrote: plain names, real directories first, no name twice. Each reading checks the digests of the packed and the unpacked bytes, so
// what is on disk in the end is what the config names, or the creation fails.

import { TslxcError } from '../../base/errors.ts';
import { streamProgram } from '../../host/stream-program.ts';
import { verified } from './digest.ts';
import { feed, unpacked } from './packing.ts';
import type { LayerBlob } from './store.ts';
import { BLOCK, padding, type TarHeader, writeHeader } from './tar-format.ts';
import { readTar, type TarMember } from './tar-reader.ts';
import { type Inode, LayeredTree, type MergedTree } from './tree.ts';

export interface UnpackRequest {
  readonly layers: readonly LayerBlob[];
  /** An empty directory. */
  readonly rootfs: string;
  /** Directories that must be there in the end. */
  readonly directories: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How much of the layers was read, both times counted; a total of 0 is not known. */
  readonly progress: (doneBytes: number, totalBytes: number) => void;
}

/** Device nodes that were left out. Throws IMAGE_TAMPERED, IMAGE_INVALID, UNPACK_FAILED: then what is in `rootfs` is of no use. */
export async function unpackLayers(asked: UnpackRequest): Promise<{ readonly devices: number }> {
  const tree = new LayeredTree();
  const request = counting(asked);
  for (const layer of request.layers) {
    tree.beginLayer();
    await inWords(layer, async () => {
      for await (const { header } of members(layer, request)) tree.add(header);
    });
  }
  for (const path of request.directories) tree.ensureDirectory(path);
  await extract(archiveOf(tree.finish(), request), request);
  return { devices: tree.devices };
}

/** The same, with layers that tell how far they are read. */
function counting(request: UnpackRequest): UnpackRequest {
  const sizes = request.layers.map(({ sizeBytes }) => sizeBytes);
  const total = sizes.includes(0) ? 0 : 2 * sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  const layers = request.layers.map(layer => ({
    ...layer,
    async *open() {
      for await (const chunk of layer.open()) {
        yield chunk;
        done += chunk.length;
        request.progress(done, total);
      }
    },
  }));
  return { ...request, layers };
}

/** The members of a layer; reading them to their end checks both digests. */
function members(layer: LayerBlob, { env }: UnpackRequest): AsyncGenerator<TarMember> {
  const plain = verified(unpacked(layer.open(), env), {
    digest: layer.diffId,
    what: `what ${layer.what} unpacks to`,
  });
  return readTar(plain);
}

/** Names the layer that is at fault; where its stored bytes are not what they should be, that is the fault. */
async function inWords(layer: LayerBlob, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (error instanceof TslxcError && error.code !== 'IMAGE_INVALID') throw error;
    for await (const _ of layer.open());
    throw new TslxcError('IMAGE_INVALID', `${layer.what} can't be unpacked: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function extract(archive: AsyncIterable<Buffer>, { rootfs, env }: UnpackRequest): Promise<void> {
  const tar = streamProgram('tar', TAR, {
    env: { ...env, LC_ALL: 'C', TAR_OPTIONS: undefined },
    cwd: rootfs,
  });
  tar.stdout.resume();
  try {
    await feed(archive, tar.stdin);
  } catch (error) {
    tar.kill();
    await tar.ended;
    throw error;
  }
  const { ok, text } = await tar.ended;
  if (ok) return;
  const lines = text.split('\n');
  // A full disk is told late, or as less than was to be written.
  const told = lines.find(line => /No space left|quota exceeded|Read-only/i.test(line)) ?? lines[0] ?? '';
  const cause = told
    .replace(/^tar: /, '')
    .replace(/Wrote only \d+ of \d+ bytes/, 'no space is left on its disk');
  throw new TslxcError('UNPACK_FAILED', `the image can't be unpacked to ${rootfs}: ${cause}`);
}

const TAR = [
  '--extract',
  '--file=-',
  '--same-owner',
  '--numeric-owner',
  '--preserve-permissions',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=*',
  '--warning=no-timestamp',
  '--no-wildcards',
];

async function* archiveOf(tree: MergedTree, request: UnpackRequest): AsyncGenerator<Buffer> {
  for (const { path, header } of tree.directories) yield writeHeader(safe(header ?? PLAIN_DIRECTORY, path));
  for (const [index, layer] of request.layers.entries()) {
    const wanted = tree.files[index] ?? new Map<number, Inode>();
    yield* filesOf(members(layer, request), wanted);
  }
  yield Buffer.alloc(2 * BLOCK);
}

const PLAIN_DIRECTORY: TarHeader = {
  name: '',
  type: 'directory',
  linkName: '',
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: '0',
  sizeBytes: 0,
  attributes: new Map(),
};

async function* filesOf(
  archive: AsyncIterable<TarMember>,
  wanted: ReadonlyMap<number, Inode>,
): AsyncGenerator<Buffer> {
  let ordinal = -1;
  for await (const { header, content } of archive) {
    ordinal += 1;
    const [first, ...others] = wanted.get(ordinal)?.paths ?? [];
    if (first === undefined) continue;
    yield writeHeader(safe(header, first));
    yield* content();
    yield padding(header.sizeBytes);
    for (const path of others)
      yield writeHeader({
        ...safe(header, path),
        type: 'link',
        linkName: `./${first}`,
        sizeBytes: 0,
        attributes: new Map(),
      });
  }
}

/** By its name in the tree, and without attributes that are none of a container's. */
function safe(header: TarHeader, path: string): TarHeader {
  const attributes = [...header.attributes].filter(([name]) => KEPT.test(name));
  return {
    ...header,
    name: path === '.' ? './' : `./${path}${header.type === 'directory' ? '/' : ''}`,
    attributes: new Map(attributes),
  };
}

/** Not trusted.*, security.selinux, security.ima; not what would tell overlay another tree. */
const KEPT = /^(?:user\.(?!overlay\.)|security\.capability$|system\.posix_acl_(?:access|default)$)/;
