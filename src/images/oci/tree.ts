// The tree that the layers of an image make together, as a model: who reads it last unpacks each file once, into directories that
// are real. So no link of a layer is ever followed on disk, no whiteout removes a file of the host, and nothing is overwritten.

import { badTar, type TarHeader } from './tar-format.ts';

/** One file, by whatever names: member `ordinal` of layer `layer` has its content. */
export interface Inode {
  readonly layer: number;
  readonly ordinal: number;
  /** Where a symbolic link points to. */
  readonly target?: string;
  /** Every name it has in the end, without a leading slash. */
  readonly paths: string[];
}

export interface Directory {
  /** What the last layer that named it said; undefined: none did. */
  header?: TarHeader;
  layer: number;
  readonly children: Map<string, Directory | Inode>;
}

/** The finished tree. */
export interface MergedTree {
  /** Parents before their children; the root is `.`. */
  readonly directories: readonly { readonly path: string; readonly header: TarHeader | undefined }[];
  /** By layer: the members that are unpacked, by ordinal. */
  readonly files: readonly ReadonlyMap<number, Inode>[];
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MOST_LINKS = 40;
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;

export const isDirectory = (node: Directory | Inode | undefined): node is Directory =>
  node !== undefined && 'children' in node;

/** Takes the members of one layer after the other. Throws IMAGE_INVALID for what would leave the tree. */
export class LayeredTree {
  readonly #root: Directory = newDirectory(0);
  #layer = -1;
  #ordinal = -1;
  /** Device nodes that were left out. */
  devices = 0;

  /** The members that follow are of the next layer. */
  beginLayer(): void {
    this.#layer += 1;
    this.#ordinal = -1;
  }

  /** Every member of the layer must pass here, in order. */
  add(header: TarHeader): void {
    this.#ordinal += 1;
    const parts = pathParts(header.name);
    const base = parts.pop();
    if (base === undefined) {
      if (header.type !== 'directory') badTar(`${header.name} takes the place of the root directory`);
      this.#root.header = header;
      return;
    }
    const parent = this.#directoryAt(parts, header.name);
    if (base.startsWith(WHITEOUT)) this.#whiteout(parent, base, header.name);
    else this.#put(parent, base, header);
  }

  /** A directory that must be there, whatever the layers say: a link in its path is followed inside the tree. */
  ensureDirectory(path: string): void {
    this.#directoryAt(pathParts(path), path);
  }

  finish(): MergedTree {
    const directories: { path: string; header: TarHeader | undefined }[] = [];
    const files = Array.from({ length: this.#layer + 1 }, () => new Map<number, Inode>());
    const visit = (path: string, directory: Directory): void => {
      directories.push({ path: path === '' ? '.' : path, header: directory.header });
      for (const [name, node] of directory.children) {
        const own = path === '' ? name : `${path}/${name}`;
        if (isDirectory(node)) visit(own, node);
        else {
          node.paths.push(own);
          files[node.layer]?.set(node.ordinal, node);
        }
      }
    };
    visit('', this.#root);
    return { directories, files };
  }

  #put(parent: Directory, base: string, header: TarHeader): void {
    const there = parent.children.get(base);
    if (header.type === 'directory') {
      const directory = isDirectory(there) ? there : newDirectory(this.#layer);
      directory.header = header;
      directory.layer = this.#layer;
      parent.children.set(base, directory);
    } else if (header.type === 'link') {
      const target = this.#linkTarget(header);
      parent.children.set(base, target);
    } else if (header.type === 'character' || header.type === 'block') {
      // They would work: a container's /dev is not on its disk.
      this.devices += 1;
      parent.children.delete(base);
    } else {
      const target = header.type === 'symlink' ? { target: header.linkName } : {};
      parent.children.set(base, { layer: this.#layer, ordinal: this.#ordinal, ...target, paths: [] });
    }
  }

  #linkTarget(header: TarHeader): Inode {
    const parts = pathParts(header.linkName);
    const base = parts.pop();
    const node =
      base === undefined ? this.#root : this.#directoryAt(parts, header.linkName).children.get(base);
    const what = `${header.name} is a hard link to ${header.linkName}`;
    if (node === undefined) badTar(`${what}, which is not in the image`);
    if (isDirectory(node)) badTar(`${what}, which is a directory`);
    return node;
  }

  #whiteout(parent: Directory, base: string, name: string): void {
    if (base === OPAQUE) {
      this.#removeLower(parent);
      return;
    }
    // Other names of this kind are notes of aufs to itself.
    if (base.startsWith(OPAQUE.slice(0, 8))) return;
    const hidden = base.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..') badTar(`${name} removes what is no name`);
    const node = parent.children.get(hidden);
    if (node !== undefined && !this.#keepsOwn(node)) parent.children.delete(hidden);
  }

  /** Removes what layers before this one have put into a directory. */
  #removeLower(directory: Directory): void {
    for (const [name, node] of directory.children) if (!this.#keepsOwn(node)) directory.children.delete(name);
  }

  /** Whether this layer itself has put it there, or something beneath it. */
  #keepsOwn(node: Directory | Inode): boolean {
    if (!isDirectory(node)) return node.layer === this.#layer;
    this.#removeLower(node);
    return node.layer === this.#layer || node.children.size > 0;
  }

  /** Walks as the kernel would with the tree as its root; what is missing becomes a directory. */
  #directoryAt(parts: readonly string[], name: string): Directory {
    const trail = [this.#root];
    const left = [...parts].reverse();
    let links = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      const here = trail.at(-1) ?? this.#root;
      if (part === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const node = here.children.get(part);
      // By way of links a path could grow without end.
      if (trail.length > LONGEST_PATH / 2) badTar(`${name} lies too deep`);
      if (isDirectory(node)) trail.push(node);
      else if (node === undefined) trail.push(this.#newDirectory(here, part));
      else {
        links += 1;
        if (node.target === undefined) badTar(`${name} lies beneath ${part}, which is no directory`);
        if (links > MOST_LINKS) badTar(`${name} lies beneath a circle of links`);
        if (node.target.startsWith('/')) trail.length = 1;
        left.push(...linkParts(node.target).reverse());
      }
    }
    return trail.at(-1) ?? this.#root;
  }

  #newDirectory(parent: Directory, name: string): Directory {
    const directory = newDirectory(Math.max(this.#layer, 0));
    parent.children.set(name, directory);
    return directory;
  }
}

function newDirectory(layer: number): Directory {
  return { layer, children: new Map() };
}

/** The components of a name in an archive, which no honest one begins at the root's parent. */
function pathParts(name: string): string[] {
  const parts = linkParts(name);
  if (parts.includes('..')) badTar(`the name ${JSON.stringify(name)} in it leaves the tree`);
  return parts;
}

function linkParts(path: string): string[] {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  if (path.length > LONGEST_PATH || path.includes('\0') || parts.some(part => part.length > LONGEST_NAME))
    badTar('a name in it is longer than a file may have');
  return parts;
}
