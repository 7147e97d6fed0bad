// An image as its documents describe it: index, manifest, config. All of it came from elsewhere: nothing is taken for granted.

import { TslxcError } from '../../base/errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** What a document says of another blob. */
export interface Descriptor {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

export interface Layer extends Descriptor {
  /** The digest of its uncompressed bytes. */
  readonly diffId: Digest;
}

/** The config, as far as it matters to a container. */
export interface ImageConfig {
  readonly architecture: string;
  readonly variant: string;
  readonly diffIds: readonly Digest[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly stopSignal: string;
  readonly volumes: readonly string[];
}

/** Documents are held in memory. */
export const LARGEST_DOCUMENT_BYTES = 8 << 20;

export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

/** Tar archives, plain or packed; what they really are is seen in their first bytes. */
const LAYER_TYPES =
  /^application\/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar(\+gzip|\+zstd)?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?)$/;

type Json = Readonly<Record<string, unknown>>;

function invalid(what: string, why: string): never {
  throw new TslxcError('IMAGE_INVALID', `${what}: ${why}`);
}

/** A document as an object. Throws IMAGE_INVALID naming `what`. */
export function parseDocument(bytes: Uint8Array, what: string): Json {
  if (bytes.length > LARGEST_DOCUMENT_BYTES) invalid(what, 'it is too large to be a document of an image');
  try {
    return object(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), what);
  } catch (error) {
    if (error instanceof TslxcError) throw error;
    return invalid(what, 'it is not JSON');
  }
}

function object(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(what, 'it is not an object');
  return value as Json;
}

function array(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : invalid(what, 'it is not a list');
}

function strings(value: unknown, what: string): string[] {
  return array(value, what).map(one =>
    typeof one === 'string' ? one : invalid(what, 'it is not a list of texts'),
  );
}

function string(value: unknown, what: string): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : invalid(what, 'it is not a text');
}

function descriptor(value: unknown, what: string): Descriptor {
  const { digest, size, mediaType } = object(value, what);
  if (!isDigest(digest))
    invalid(what, `${JSON.stringify(digest) ?? 'nothing'} is not a sha256 or sha512 digest`);
  if (!Number.isSafeInteger(size) || (size as number) < 0) invalid(what, 'its size is no number');
  return { digest, sizeBytes: size as number, mediaType: string(mediaType, what) };
}

/** Whether a document is a list of manifests, one a platform. */
export function isIndex(document: Json): boolean {
  return 'manifests' in document && !('layers' in document);
}

/** A manifest's config and layers. Throws IMAGE_INVALID, also for what is no image of a file system. */
export function readManifest(document: Json, what: string): { config: Descriptor; layers: Descriptor[] } {
  if (document['schemaVersion'] !== 2) invalid(what, 'it is of a kind from before 2017 (schema 1)');
  if (!('config' in document) || !('layers' in document)) invalid(what, 'it has no config or no layers');
  const layers = array(document['layers'], what).map(one => descriptor(one, what));
  for (const { mediaType } of layers)
    if (!LAYER_TYPES.test(mediaType)) invalid(what, `a layer is of the type ${JSON.stringify(mediaType)}`);
  return { config: descriptor(document['config'], what), layers };
}

/** The config document. Throws IMAGE_INVALID. */
export function readConfig(document: Json, what: string): ImageConfig {
  const rootfs = object(document['rootfs'] ?? {}, what);
  const config = object(document['config'] ?? {}, what);
  const os = string(document['os'], what);
  if (os !== 'linux') invalid(what, `it is for ${JSON.stringify(os)}, not linux`);
  const diffIds = strings(rootfs['diff_ids'], what);
  if (!diffIds.every(isDigest)) invalid(what, 'a diff_id is not a sha256 or sha512 digest');
  return {
    architecture: string(document['architecture'], what),
    variant: string(document['variant'], what),
    diffIds,
    entrypoint: strings(config['Entrypoint'], `${what}: Entrypoint`),
    cmd: strings(config['Cmd'], `${what}: Cmd`),
    env: strings(config['Env'], `${what}: Env`),
    workingDir: string(config['WorkingDir'], `${what}: WorkingDir`),
    user: string(config['User'], `${what}: User`),
    stopSignal: string(config['StopSignal'], `${what}: StopSignal`),
    volumes: Object.keys(object(config['Volumes'] ?? {}, `${what}: Volumes`)),
  };
}

/** Layers with the digests of their two forms. Throws IMAGE_INVALID when config and manifest do not agree. */
export function pairLayers(layers: readonly Descriptor[], config: ImageConfig, what: string): Layer[] {
  if (layers.length !== config.diffIds.length)
    invalid(what, `it has ${layers.length} layers, and its config ${config.diffIds.length}`);
  return layers.map((layer, index) => ({ ...layer, diffId: config.diffIds[index] ?? '' }));
}

/** The manifests of an index, with what each is for. */
export function readIndex(document: Json, what: string): IndexEntry[] {
  return array(document['manifests'], what).map(one => {
    const entry = object(one, what);
    const platform = object(entry['platform'] ?? {}, what);
    const annotations = object(entry['annotations'] ?? {}, what);
    return {
      ...descriptor(entry, what),
      os: string(platform['os'], what),
      architecture: string(platform['architecture'], what),
      variant: string(platform['variant'], what),
      name: string(annotations['org.opencontainers.image.ref.name'], what),
    };
  });
}

export interface IndexEntry extends Descriptor {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  /** The tag, in a layout's index. */
  readonly name: string;
}
