// Images for tests: layers from what a test says, and the three forms in which images are kept.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { BLOCK, padding, type TarHeader, writeHeader } from '../../src/images/oci/tar-format.ts';

export type Member = Partial<Omit<TarHeader, 'sizeBytes'>> & {
  readonly name: string;
  readonly content?: string | Buffer;
};

export interface Layer {
  /** As it is stored. */
  readonly bytes: Buffer;
  readonly digest: string;
  readonly diffId: string;
}

export interface Image {
  readonly layers: readonly Layer[];
  readonly config: Buffer;
  readonly manifest: Buffer;
  /** config, manifest and layers by digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An archive of these members; nothing is put right. */
export function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = '', ...said }) => {
    const bytes = Buffer.from(content);
    const isFile = (said.type ?? 'file') === 'file';
    const header = {
      type: 'file' as const,
      linkName: '',
      mode: said.type === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      mtime: '1700000000',
      attributes: new Map<string, Buffer>(),
      ...said,
      sizeBytes: isFile ? bytes.length : 0,
    };
    return isFile ? [writeHeader(header), bytes, padding(bytes.length)] : [writeHeader(header)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

export function layerOf(
  members: readonly Member[],
  pack: (tar: Buffer) => Buffer = tar => gzipSync(tar),
): Layer {
  const tar = tarOf(members);
  const bytes = pack(tar);
  return { bytes, digest: sha256(bytes), diffId: sha256(tar) };
}

const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
/** The types of docker, schema 2. */
export const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** An image for this host; `config` is what containers run by. */
export function imageOf(layers: readonly Layer[], config: object = {}, types = OCI): Image {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, digest: sha256(configBytes), size: configBytes.length },
      layers: layers.map(({ bytes, digest }) => ({ mediaType: types.layer, digest, size: bytes.length })),
    }),
  );
  const all = [configBytes, manifest, ...layers.map(({ bytes }) => bytes)];
  return { layers, config: configBytes, manifest, blobs: new Map(all.map(bytes => [sha256(bytes), bytes])) };
}

/** Writes an OCI layout; `change` may replace a blob's bytes under its old name. */
export function writeLayout(
  directory: string,
  tag: string,
  image: Image,
  change: (bytes: Buffer, digest: string) => Buffer = bytes => bytes,
): string {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const [digest, bytes] of image.blobs)
    writeFileSync(join(directory, 'blobs', digest.replace(':', '/')), change(bytes, digest));
  const manifests = [
    {
      mediaType: OCI.manifest,
      digest: sha256(image.manifest),
      size: image.manifest.length,
      annotations: { 'org.opencontainers.image.ref.name': tag },
    },
  ];
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return directory;
}

/** Writes what `docker save` would, with unpacked layers. */
export function writeDockerArchive(
  file: string,
  tag: string,
  image: Image,
  unpack: (bytes: Buffer) => Buffer,
): string {
  const config = `${sha256(image.config).slice('sha256:'.length)}.json`;
  const layers = image.layers.map((layer, index) => ({
    name: `layer${index}/layer.tar`,
    content: unpack(layer.bytes),
  }));
  const manifest = [{ Config: config, RepoTags: [tag], Layers: layers.map(({ name }) => name) }];
  const members = [
    { name: config, content: image.config },
    ...layers,
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
  writeFileSync(file, tarOf(members));
  return file;
}

/** A root of the host's static busybox with links for its applets, and accounts. */
export function busyboxMembers(): Member[] {
  const applets = ['sh', 'cat', 'sleep', 'id', 'pwd', 'env', 'ip', 'ls', 'true', 'printf', 'kill', 'nc'];
  return [
    { name: 'bin/', type: 'directory' },
    { name: 'bin/busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
    ...applets.map(name => ({ name: `bin/${name}`, type: 'symlink' as const, linkName: 'busybox' })),
    { name: 'etc/', type: 'directory' },
    { name: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/srv/app:/bin/sh\n' },
    { name: 'etc/group', content: 'root:x:0:\napp:x:1001:\nextra:x:2002:root,app\n' },
    { name: 'tmp/', type: 'directory', mode: 0o1777 },
  ];
}
