// An OCI layout: index.json, and blobs by their digests.

import { TslxcError } from '../../base/errors.ts';
import { type Digest, verified, verifyBytes } from './digest.ts';
import type { ImageFiles } from './files.ts';
import { type IndexEntry, parseDocument, readIndex } from './image.ts';
import { type BlobPlace, type ImageStore, storeOf } from './store.ts';

/** The image of a tag; without one the only image there is, or `latest`. Messages name it `origin`. */
export function layoutStore(
  files: ImageFiles,
  path: string,
  tag: string | undefined,
  origin = tag === undefined ? path : `${path}:${tag}`,
): ImageStore {
  return storeOf(layoutPlace(files, path, tag, origin));
}

const blobName = (digest: Digest): string => `blobs/${digest.replace(':', '/')}`;

function layoutPlace(files: ImageFiles, path: string, tag: string | undefined, origin: string): BlobPlace {
  const place: BlobPlace = {
    origin,
    async top() {
      const bytes = await files.read('index.json');
      const entries = named(
        readIndex(parseDocument(bytes, `${path}/index.json`), `${path}/index.json`),
        tag,
        path,
      );
      const [only, ...more] = entries;
      // Several manifests of one name are one image for several platforms.
      if (only === undefined || more.length > 0) return bytesOfIndex(entries);
      return await place.document(only, true);
    },
    async document(descriptor) {
      const bytes = await files.read(blobName(descriptor.digest));
      verifyBytes(bytes, { ...descriptor, what: `the blob ${descriptor.digest} of ${origin}` });
      return bytes;
    },
    layer: (layer, what) => ({
      ...layer,
      what,
      open: () => verified(files.open(blobName(layer.digest)), { ...layer, what }),
    }),
  };
  return place;
}

/** Whoever writes a layout gives a whole reference as the name, or the tag alone. */
function named(entries: readonly IndexEntry[], tag: string | undefined, path: string): readonly IndexEntry[] {
  const wanted = tag ?? 'latest';
  const found = entries.filter(({ name }) => name === wanted || name.endsWith(`:${wanted}`));
  if (found.length > 0) return found;
  const names = [...new Set(entries.map(({ name }) => name))];
  if (tag === undefined && names.length === 1) return entries;
  const there = names
    .filter(name => name !== '')
    .map(name => JSON.stringify(name))
    .join(', ');
  throw new TslxcError('IMAGE_UNKNOWN', `${path} has no image ${JSON.stringify(wanted)}`, {
    hint:
      there === '' ? 'its images have no names' : `it has ${there}; name one after the path: oci:${path}:TAG`,
  });
}

/** An index of just these; the same entries give the same bytes. */
function bytesOfIndex(entries: readonly IndexEntry[]): Buffer {
  const manifests = entries.map(({ digest, sizeBytes, mediaType, os, architecture, variant }) => ({
    digest,
    size: sizeBytes,
    mediaType,
    platform: { os, architecture, variant },
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
}
