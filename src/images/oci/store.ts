// Where an image comes from, whichever way: what it is, and its layers.

import { type Digest, digestOf } from './digest.ts';
import {
  type Descriptor,
  type ImageConfig,
  isIndex,
  type Layer,
  pairLayers,
  parseDocument,
  readConfig,
  readIndex,
  readManifest,
} from './image.ts';
import { checkPlatform, chooseManifest, type Platform } from './platform.ts';

export interface ImageStore {
  /** For messages: who has the image, `127.0.0.1:5000/app:latest`. */
  readonly origin: string;
  /** What the name means now: the digest of its index or manifest (of its config, in an archive of docker). */
  look(): Promise<Digest>;
  resolve(platform: Platform): Promise<ResolvedImage>;
}

export interface ResolvedImage {
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly LayerBlob[];
}

/** A layer as it is stored, packed or not. */
export interface LayerBlob {
  /** For messages: `layer 2 (sha256:…) of 127.0.0.1:5000/app:latest`. */
  readonly what: string;
  /** Of its unpacked bytes. */
  readonly diffId: Digest;
  /** As it is stored; 0: not known. */
  readonly sizeBytes: number;
  /** Brings it here, where it is elsewhere; `tell` gets the bytes so far, and nothing when it is in the cache. */
  fetch?(tell: (bytes: number) => void): Promise<void>;
  /** Its stored bytes, any number of times; they throw at their end when they are not what they should be. */
  open(): AsyncIterable<Buffer>;
}

/** A place of blobs by digest. */
export interface BlobPlace {
  readonly origin: string;
  /** The document that the name means. */
  top(): Promise<Buffer>;
  /** A document, checked. */
  document(descriptor: Descriptor, isManifest: boolean): Promise<Buffer>;
  layer(layer: Layer, what: string): LayerBlob;
}

/** An image of a place whose documents are index, manifest and config. */
export function storeOf(place: BlobPlace): ImageStore {
  return {
    origin: place.origin,
    look: async () => digestOf(await place.top()),
    resolve: async platform => {
      const bytes = await place.top();
      const manifest = readManifest(
        await manifestOf(place, bytes, platform),
        `the manifest of ${place.origin}`,
      );
      const what = `the config of ${place.origin}`;
      const config = readConfig(parseDocument(await place.document(manifest.config, false), what), what);
      checkPlatform(config, platform, place.origin);
      const layers = pairLayers(manifest.layers, config, place.origin);
      return {
        digest: digestOf(bytes),
        config,
        layers: layers.map((layer, index) =>
          place.layer(layer, `layer ${index + 1} (${layer.digest}) of ${place.origin}`),
        ),
      };
    },
  };
}

async function manifestOf(place: BlobPlace, bytes: Buffer, platform: Platform) {
  const what = `the index of ${place.origin}`;
  const document = parseDocument(bytes, what);
  if (!isIndex(document)) return document;
  const chosen = chooseManifest(readIndex(document, what), platform, place.origin);
  return parseDocument(await place.document(chosen, true), `the manifest of ${place.origin}`);
}
