// The simplestreams format: `streams/v1/index.json` names product files (`images.json`), which name images with their checksums.

import { posix } from 'node:path';
import { badIndex, isPlainWord, isSha256, type OfferedImage, pathBeneath, type ServerFile } from './model.ts';

const MOST_PRODUCTS = 20_000;
const MOST_PRODUCT_FILES = 8;

/** Paths of the product files that hold images. Throws IMAGE_INDEX_INVALID. */
export function parseStreamsIndex(text: string, url: string): string[] {
  const document = record(parseJson(text, url));
  if (document?.['format'] !== 'index:1.0') throw badIndex(url, 'its format is not index:1.0');
  const entries = Object.values(record(document['index']) ?? {}).map(record);
  const paths = entries
    .filter(entry => entry?.['datatype'] === 'image-downloads')
    .map(entry => {
      const path = pathBeneath(entry?.['path']);
      if (path === undefined) throw badIndex(url, 'a path in it is not beneath the server');
      return path;
    });
  if (paths.length === 0) throw badIndex(url, 'it names no images');
  if (paths.length > MOST_PRODUCT_FILES) throw badIndex(url, `more than ${MOST_PRODUCT_FILES} product files`);
  return [...new Set(paths)];
}

/** All builds of all products that have a root file system. Throws IMAGE_INDEX_INVALID. */
export function parseProducts(text: string, url: string): OfferedImage[] {
  const document = record(parseJson(text, url));
  if (document?.['format'] !== 'products:1.0') throw badIndex(url, 'its format is not products:1.0');
  const products = record(document['products']);
  if (products === undefined) throw badIndex(url, 'it has no products');
  const names = Object.keys(products);
  if (names.length > MOST_PRODUCTS) throw badIndex(url, `more than ${MOST_PRODUCTS} products`);
  return names.flatMap(name => buildsOf(name, record(products[name]), url));
}

type Json = { readonly [key: string]: unknown };

function buildsOf(name: string, product: Json | undefined, url: string): OfferedImage[] {
  const what = identity(name, product ?? {});
  if (!Object.values(what).every(isPlainWord)) return []; // nobody could ask for it
  return Object.entries(record(product?.['versions']) ?? {}).flatMap(([build, version]) => {
    if (!isPlainWord(build)) throw badIndex(url, `${name}: a version that is not a word`);
    const items = Object.values(record(record(version)?.['items']) ?? {}).map(record);
    const file = (kind: string) =>
      fileOf(
        items.find(item => item?.['ftype'] === kind),
        { name, url },
      );
    const rootfs = first(ROOTFS_KINDS, file);
    const label = first(LABEL_KINDS, file);
    if (rootfs === undefined) return []; // a disk of a virtual machine alone
    return [
      {
        ...what,
        build,
        directory: posix.dirname(rootfs.path),
        rootfs,
        ...(label === undefined ? {} : { label }),
      },
    ];
  });
}

/** In the order in which they are taken: a tarball unpacks everywhere. */
const ROOTFS_KINDS = ['root.tar.xz', 'root.tar.zst', 'root.tar.gz', 'root.squashfs', 'squashfs'];
const LABEL_KINDS = ['lxd.tar.xz', 'incus.tar.xz'];

/** linuxcontainers' products are named DISTRIBUTION:RELEASE:ARCH:VARIANT; others say it in fields alone. */
function identity(name: string, product: Json) {
  const words = name.split(':');
  const [distribution, release, arch, variant] = words.length === 4 && !words[0]?.includes('.') ? words : [];
  return {
    distribution: distribution ?? lower(product['os']),
    release: release ?? text(product['release']),
    arch: arch ?? text(product['arch']),
    variant: variant ?? (text(product['variant']) || 'default'),
  };
}

function fileOf(item: Json | undefined, about: { name: string; url: string }): ServerFile | undefined {
  if (item === undefined) return undefined;
  const path = pathBeneath(item['path']);
  const { sha256, size } = item;
  if (path === undefined) throw badIndex(about.url, `${about.name}: a path in it is not beneath the server`);
  if (!isSha256(sha256)) throw badIndex(about.url, `${about.name}: ${path} has no sha256`);
  if (size === undefined) return { path, sha256 };
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= 0)
    throw badIndex(about.url, `${about.name}: ${path} has a size that is none`);
  return { path, sha256, sizeBytes: size };
}

function first(kinds: readonly string[], file: (kind: string) => ServerFile | undefined) {
  for (const kind of kinds) {
    const found = file(kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Ten times what the largest public server has. Each takes a hundred bytes of memory, for two in the file. */
const MOST_OBJECTS = 200_000;

function parseJson(text: string, url: string): unknown {
  let objects = 0;
  for (const character of '{[')
    for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1))
      if (++objects > MOST_OBJECTS) throw badIndex(url, `more than ${MOST_OBJECTS} objects`);
  try {
    return JSON.parse(text);
  } catch {
    throw badIndex(url, 'it is not whole JSON');
  }
}

function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const lower = (value: unknown): string => text(value).toLowerCase();
