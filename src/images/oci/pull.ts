// From what `--url` says to a tree and the lines of a config. Read from top to bottom this is what happens.

import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { BlobCache } from './blob-cache.ts';
import { containerLines, promisedDirectories } from './container.ts';
import type { Digest } from './digest.ts';
import { dockerArchiveStore } from './docker-archive.ts';
import { archiveFiles, directoryFiles } from './files.ts';
import { chooseStart, type InitChoice } from './init.ts';
import { layoutStore } from './layout.ts';
import { platformOf } from './platform.ts';
import { parseReference, type Reference, registryText } from './reference.ts';
import { registryStore } from './registry.ts';
import type { Credentials } from './registry-login.ts';
import { copyWithSkopeo, digestBySkopeo, hasSkopeo, layoutFor } from './skopeo.ts';
import type { ImageStore, ResolvedImage } from './store.ts';
import { unpackLayers } from './unpack.ts';
import { findUser } from './users.ts';

export interface ImageRequest {
  readonly url: string;
  /** A word of uname, Debian or Go; default: this host's. */
  readonly arch?: string;
  readonly credentials?: Credentials;
  readonly insecure: boolean;
  /** skopeo is not used even where it is. */
  readonly own: boolean;
  /** Where layers are kept; undefined: nowhere. */
  readonly cacheDir?: string;
  /** A directory that ends with the command. */
  readonly work: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line of what happens. */
  readonly say: (line: string) => void;
  /** How far it is, often; a total of 0 is not known. */
  readonly progress: (doneBytes: number, totalBytes: number, what: string) => void;
}

export interface ImageFacts {
  /** The last word of its name. */
  readonly name: string;
  readonly tag: string;
  readonly arch: string;
  readonly origin: string;
  readonly digest: Digest;
}

/** What the image is now. */
export async function lookAtImage(request: ImageRequest): Promise<ImageFacts> {
  const reference = parseReference(request.url, request.cwd);
  const digest = await (await digestFinder(reference, request))();
  return { ...namesOf(reference), arch: platformOf(request.arch).architecture, digest };
}

export interface UnpackImage extends ImageRequest {
  /** An empty directory. */
  readonly into: string;
  /** What lookAtImage said: another image is refused. */
  readonly digest?: Digest;
  readonly init: InitChoice;
}

/**
 * Unpacks the image and returns what its container is configured to, line by line. Throws IMAGE_TAMPERED, IMAGE_INVALID, IMAGE_UNKNOWN,
 * DOWNLOAD_FAILED, REGISTRY_DENIED, NOT_FOR_ARCH, UNPACK_FAILED.
 */
export async function unpackImage(request: UnpackImage): Promise<string[]> {
  const reference = parseReference(request.url, request.cwd);
  if (!usesSkopeo(reference, request)) {
    const store = await ownStore(reference, request);
    return await unpackFrom(store, request, image => checkUnchanged(image, store, request));
  }
  const layout = layoutFor(request);
  try {
    await copyWithSkopeo(textOf(reference, request.digest), layout, platformOf(request.arch), request);
    const files = directoryFiles(layout.directory, layout.blobs);
    const store = layoutStore(files, layout.directory, undefined, namesOf(reference).origin);
    // Its digests are its own; those of what it copied were checked by skopeo.
    return await unpackFrom(store, request, () => {});
  } finally {
    layout.remove();
  }
}

async function unpackFrom(
  store: ImageStore,
  request: UnpackImage,
  check: (image: ResolvedImage) => void,
): Promise<string[]> {
  const image = await store.resolve(platformOf(request.arch));
  check(image);
  await fetchLayers(image, request);
  request.say(`Unpacking ${counted(image.layers.length, 'layer')} of ${store.origin}`);
  const { devices } = await unpackLayers({
    layers: image.layers,
    rootfs: request.into,
    directories: [...MOUNT_POINTS, ...promisedDirectories(image.config)],
    env: request.env,
    progress: (done, total) => request.progress(done, total, 'unpacking'),
  });
  if (devices > 0)
    request.say(`Left out ${counted(devices, 'device node')}: a container's /dev is made when it starts`);
  return configure(image, request);
}

function checkUnchanged(image: ResolvedImage, { origin }: ImageStore, { digest }: UnpackImage): void {
  if (digest === undefined || image.digest === digest) return;
  throw new TslxcError(
    'IMAGE_TAMPERED',
    `${origin} changed while it was fetched: it is now ${image.digest}`,
    {
      hint: 'create the container again',
    },
  );
}

/** What a start mounts, an image of one program need not have. */
const MOUNT_POINTS = ['/dev', '/proc', '/sys', '/etc'];

function configure({ config }: ResolvedImage, { into, init, say }: UnpackImage): string[] {
  const found = chooseStart(into, config, init);
  if (found === undefined)
    throw new TslxcError(
      'IMAGE_INVALID',
      init === 'image' ? 'the image has no init' : 'the image has nothing to run',
      {
        hint:
          init === 'image'
            ? 'leave --init out for its own command'
            : 'give one that has an entrypoint, a command or a shell',
      },
    );
  const { start, other } = found;
  if (start.kind === 'init') say(`It boots the image's ${start.path}`);
  else say(`It runs the image's command, ${start.argv[0]}`);
  if (other !== undefined) say(`The image has ${other} as well: --init=image boots that`);
  return containerLines(config, start, findUser(into, config.user));
}

async function fetchLayers(image: ResolvedImage, { say, progress }: ImageRequest): Promise<void> {
  const count = image.layers.length;
  for (const [index, layer] of image.layers.entries()) {
    const what = `layer ${index + 1} of ${count}`;
    let told = false;
    await layer.fetch?.(bytes => {
      if (!told) say(`Getting ${what}, ${(layer.sizeBytes / 1e6).toFixed(1)} MB`);
      told = true;
      progress(bytes, layer.sizeBytes, what);
    });
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** For registries skopeo is the first choice: it knows this host's mirrors, logins and policy of signatures. */
function usesSkopeo(reference: Reference, request: ImageRequest): boolean {
  const isOurs = reference.kind !== 'other';
  if (isOurs && (reference.kind !== 'registry' || request.own || !hasSkopeo(request.env))) return false;
  if (hasSkopeo(request.env)) return true;
  const transport = reference.kind === 'other' ? reference.transport : '';
  throw new TslxcError(
    'BAD_ARGUMENT',
    `${transport}: is a transport that only skopeo knows, which this host lacks`,
    {
      hint: 'install skopeo, or give docker://, oci:, oci-archive: or docker-archive:',
    },
  );
}

async function digestFinder(reference: Reference, request: ImageRequest): Promise<() => Promise<Digest>> {
  if (usesSkopeo(reference, request)) return () => digestBySkopeo(textOf(reference), request);
  const store = await ownStore(reference, request);
  return () => store.look();
}

function textOf(reference: Reference, digest?: Digest): string {
  if (reference.kind === 'registry')
    return registryText(reference.registry, reference.registry.digest ?? digest);
  return reference.kind === 'other' ? reference.text : '';
}

async function ownStore(reference: Reference, request: ImageRequest): Promise<ImageStore> {
  switch (reference.kind) {
    case 'registry': {
      const { credentials, insecure, env } = request;
      const cache = new BlobCache(request.cacheDir, join(request.work, 'blobs'));
      return registryStore(reference.registry, {
        insecure,
        env,
        cache,
        ...(credentials === undefined ? {} : { credentials }),
      });
    }
    case 'oci':
      return layoutStore(directoryFiles(reference.path), reference.path, reference.tag);
    case 'oci-archive':
      return layoutStore(
        await archiveFiles(reference.path, request.work, request.env),
        reference.path,
        reference.tag,
      );
    case 'docker-archive':
      return dockerArchiveStore(
        await archiveFiles(reference.path, request.work, request.env),
        reference.path,
        reference.tag,
      );
    default:
      throw new TslxcError('BAD_ARGUMENT', `${reference.transport}: is a transport that only skopeo knows`);
  }
}

function namesOf(reference: Reference): { name: string; tag: string; origin: string } {
  if (reference.kind === 'registry') {
    const { repository, tag, digest } = reference.registry;
    const name = repository.split('/').at(-1) ?? repository;
    return {
      name,
      tag: digest === undefined ? tag : 'digest',
      origin: registryText(reference.registry, digest).slice(9),
    };
  }
  const path = reference.kind === 'other' ? reference.text : reference.path;
  const name = path.replace(/^.*[/:]/, '').replace(/\.tar(\.\w+)?$/, '') || 'image';
  const tag = reference.kind === 'other' ? undefined : reference.tag;
  return { name, tag: tag?.replace(/^.*:/, '') ?? 'latest', origin: path };
}
