// An image server's files on disk: small images made here, or those of the shared data, in the formats of linuxcontainers.org.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallImage {
  readonly distribution: string;
  readonly release: string;
  readonly build: string;
  /** Text of /etc/image in it. */
  readonly content?: string;
  /** LXC's config in meta.tar.xz. */
  readonly config?: string;
  readonly message?: string;
  /** The root file system as a tarball made elsewhere, instead of a small one. */
  readonly rootfs?: string;
}

const SUMMED = ['lxd.tar.xz', 'meta.tar.xz', 'rootfs.tar.xz'];
export const STREAMS = ['streams/v1/index.json', 'streams/v1/images.json'];
export const INDEX_SYSTEM = ['meta/1.0/index-system', 'meta/1.0/index-system.5', 'meta/1.0/index-system.7'];

/** `images/DISTRIBUTION/RELEASE/amd64/default/BUILD`. */
export function directoryOf({ distribution, release, build }: SmallImage): string {
  return `images/${distribution}/${release}/amd64/default/${build}`;
}

/** Adds an image to the server at `root`; its indexes are written by `writeIndexes`. */
export function addImage(root: string, image: SmallImage): void {
  const directory = join(root, directoryOf(image));
  const stage = join(root, '.stage');
  const fresh = (name: string) => {
    execFileSync('rm', ['-rf', join(stage, name)]);
    mkdirSync(join(stage, name), { recursive: true });
    return join(stage, name);
  };
  mkdirSync(directory, { recursive: true });
  const rootfs = fresh('rootfs');
  mkdirSync(join(rootfs, 'etc'));
  mkdirSync(join(rootfs, 'dev'));
  writeFileSync(join(rootfs, 'etc/image'), image.content ?? `${image.distribution} ${image.release}\n`);
  if (image.rootfs === undefined) packTree(rootfs, join(directory, 'rootfs.tar.xz'));
  else cpSync(image.rootfs, join(directory, 'rootfs.tar.xz'));
  const meta = fresh('meta');
  writeFileSync(join(meta, 'config'), image.config ?? 'lxc.arch = x86_64\n');
  writeFileSync(join(meta, 'create-message'), image.message ?? 'made\n');
  packTree(meta, join(directory, 'meta.tar.xz'));
  const label = fresh('label');
  const { distribution, release, build } = image;
  const words = { architecture: 'amd64', os: distribution, release, serial: build, variant: 'default' };
  const lines = Object.entries(words).map(([key, word]) => `  ${key}: "${word}"\n`);
  writeFileSync(join(label, 'metadata.yaml'), `architecture: x86_64\nproperties:\n${lines.join('')}`);
  packTree(label, join(directory, 'lxd.tar.xz'));
  execFileSync('rm', ['-rf', stage]);
  writeSums(directory);
}

/** A tarball of a directory's content, its owner root. */
export function packTree(directory: string, file: string): void {
  execFileSync('tar', ['-cJf', file, '--owner=0', '--group=0', '--numeric-owner', '-C', directory, '.']);
}

export const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

export function writeSums(directory: string): void {
  const lines = SUMMED.map(name => `${sha256(join(directory, name))}  ${name}\n`);
  writeFileSync(join(directory, 'SHA256SUMS'), lines.join(''));
}

/** Writes both indexes from the images that are there. */
export function writeIndexes(root: string): void {
  const builds = execFileSync('find', ['images', '-mindepth', '5', '-maxdepth', '5', '-type', 'd'], {
    cwd: root,
    encoding: 'utf8',
  });
  const found = builds.trim().split('\n').sort();
  const products: Record<string, { versions: Record<string, unknown> }> = {};
  for (const directory of found) {
    const [, os = '', release = '', arch = '', variant = '', build = ''] = directory.split('/');
    const key = [os, release, arch, variant].join(':');
    products[key] ??= { os, release, arch, variant, versions: {} } as { versions: Record<string, unknown> };
    const item = (ftype: string, name: string) => {
      const file = join(root, directory, name);
      return { ftype, path: `${directory}/${name}`, sha256: sha256(file), size: statSync(file).size };
    };
    const items = { root: item('root.tar.xz', 'rootfs.tar.xz'), lxd: item('lxd.tar.xz', 'lxd.tar.xz') };
    products[key].versions[build] = { items };
  }
  mkdirSync(join(root, 'streams/v1'), { recursive: true });
  mkdirSync(join(root, 'meta/1.0'), { recursive: true });
  const index = {
    images: { datatype: 'image-downloads', path: STREAMS[1], format: 'products:1.0', products: [] },
  };
  writeFileSync(join(root, STREAMS[0] ?? ''), JSON.stringify({ format: 'index:1.0', index }));
  writeFileSync(join(root, STREAMS[1] ?? ''), JSON.stringify({ format: 'products:1.0', products }));
  const lines = found.map(directory => `${directory.split('/').slice(1).join(';')};/${directory}/\n`);
  for (const path of INDEX_SYSTEM) writeFileSync(join(root, path), lines.join(''));
}

/** Every file of a server that a signature is made of. */
export function signedFiles(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter(name => /(SHA256SUMS|index\.json|images\.json|index-system(\.\d)?)$/.test(name))
    .map(name => join(root, name));
}
