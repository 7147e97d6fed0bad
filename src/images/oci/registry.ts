// An image of a registry: the v2 API of docker and OCI.

import { createReadStream } from 'node:fs';
import { TslxcError } from '../../base/errors.ts';
import type { BlobCache } from './blob-cache.ts';
import { isDigest, verified, verifyBytes } from './digest.ts';
import { MANIFEST_TYPES } from './image.ts';
import { type RegistryReference, registryText } from './reference.ts';
import { type ClientOptions, collect, RegistryClient } from './registry-client.ts';
import { type BlobPlace, type ImageStore, storeOf } from './store.ts';

export interface RegistryOptions extends ClientOptions {
  readonly cache: BlobCache;
}

/** An image of a registry; nothing is asked before it is used. */
export function registryStore(reference: RegistryReference, options: RegistryOptions): ImageStore {
  return storeOf(registryPlace(reference, new RegistryClient(reference, options), options.cache));
}

function registryPlace(reference: RegistryReference, registry: RegistryClient, cache: BlobCache): BlobPlace {
  const origin = registryText(reference, reference.digest).slice('docker://'.length);
  let top: Promise<Buffer> | undefined;
  const manifest = async (name: string): Promise<Buffer> => {
    const { status, headers, body } = await registry.get(`manifests/${name}`, {
      accept: MANIFEST_TYPES.join(', '),
    });
    if (status === 404)
      throw new TslxcError(
        'IMAGE_UNKNOWN',
        `${reference.host} has no image ${origin.slice(reference.host.length + 1)}`,
      );
    const bytes = await collect(body, origin);
    const promised = name.includes(':') ? name : headers['docker-content-digest'];
    if (isDigest(promised)) verifyBytes(bytes, { digest: promised, what: `the manifest of ${origin}` });
    return bytes;
  };
  return {
    origin,
    top: () => {
      top ??= manifest(reference.digest ?? reference.tag);
      return top;
    },
    async document(descriptor, isManifest) {
      const what = `the blob ${descriptor.digest} of ${origin}`;
      const bytes = isManifest ? await manifest(descriptor.digest) : await registry.blob(descriptor.digest);
      verifyBytes(bytes, { ...descriptor, what });
      return bytes;
    },
    layer: (layer, what) => ({
      ...layer,
      what,
      fetch: tell =>
        cache.bring({ ...layer, what }, (from, take) => {
          let bytes = from;
          tell(bytes);
          return registry.download(`blobs/${layer.digest}`, from, async chunk => {
            await take(chunk);
            bytes += chunk.length;
            tell(bytes);
          });
        }),
      open: () =>
        verified(createReadStream(cache.file(layer.digest)) as AsyncIterable<Buffer>, { ...layer, what }),
    }),
  };
}
