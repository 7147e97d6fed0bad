// What `docker save` writes: manifest.json names the config and the layers by their files. The config's digest is the image's id;
// the layers have only their diff_ids.

import { posix } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { type Digest, digestOf, tampered } from './digest.ts';
import type { ImageFiles } from './files.ts';
import { parseDocument, readConfig } from './image.ts';
import { checkPlatform } from './platform.ts';
import type { ImageStore } from './store.ts';

interface Saved {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** The image of a tag (`app:1.0`, or `1.0`); without one the only image there is. */
export function dockerArchiveStore(files: ImageFiles, path: string, tag: string | undefined): ImageStore {
  const origin = tag === undefined ? path : `${path}:${tag}`;
  const find = async () => {
    const saved = choose(readSaved(await files.read('manifest.json'), path), tag, path);
    const bytes = await files.read(saved.config);
    return { saved, bytes, digest: checkedId(bytes, saved.config, origin) };
  };
  return {
    origin,
    look: async () => (await find()).digest,
    async resolve(platform) {
      const { saved, bytes, digest } = await find();
      const what = `the config of ${origin}`;
      const config = readConfig(parseDocument(bytes, what), what);
      checkPlatform(config, platform, origin);
      if (saved.layers.length !== config.diffIds.length)
        throw new TslxcError(
          'IMAGE_INVALID',
          `${origin}: it has ${saved.layers.length} layers, and its config ${config.diffIds.length}`,
        );
      const layers = saved.layers.map((name, index) => ({
        what: `layer ${index + 1} (${name}) of ${origin}`,
        diffId: config.diffIds[index] ?? '',
        sizeBytes: 0,
        open: () => files.open(name),
      }));
      return { digest, config, layers };
    },
  };
}

/** The config's file is named for its digest; an archive where it is not so was changed. */
function checkedId(bytes: Buffer, name: string, origin: string): Digest {
  const digest = digestOf(bytes);
  const said = /^[0-9a-f]{64}$/.exec(posix.basename(name, '.json'))?.[0];
  if (said !== undefined && digest !== `sha256:${said}`)
    throw tampered(`the config ${name} of ${origin}`, `its digest is ${digest}`);
  return digest;
}

function readSaved(bytes: Buffer, path: string): Saved[] {
  const what = `manifest.json of ${path}`;
  const wrapped = Buffer.concat([Buffer.from('{"images":'), bytes, Buffer.from('}')]);
  const { images } = parseDocument(wrapped, what);
  if (!Array.isArray(images) || images.length === 0)
    throw new TslxcError('IMAGE_INVALID', `${what} lists no image`);
  return images.map((one: unknown) => {
    const { Config, RepoTags, Layers } = (one ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Config !== 'string' || !isTexts(Layers))
      throw new TslxcError('IMAGE_INVALID', `${what}: an image has no config or no layers`);
    return { config: Config, tags: isTexts(RepoTags) ? RepoTags : [], layers: Layers };
  });
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string');
}

function choose(images: readonly Saved[], tag: string | undefined, path: string): Saved {
  const [only, ...more] = images;
  const found =
    tag === undefined
      ? more.length === 0 && only
      : images.find(({ tags }) =>
          tags.some(one => one === tag || one.endsWith(`/${tag}`) || one.endsWith(`:${tag}`)),
        );
  if (found) return found;
  const there = images.flatMap(({ tags }) => tags).map(name => JSON.stringify(name));
  throw new TslxcError(
    'IMAGE_UNKNOWN',
    tag === undefined ? `${path} has several images` : `${path} has no image ${JSON.stringify(tag)}`,
    { hint: `name one of its images after the path: ${there.join(', ') || 'they have no names'}` },
  );
}
