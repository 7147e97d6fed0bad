// Backing stores: where a container's rootfs lives, in the container's directory or, for dir, where --dir says.

import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { runProgram } from '../host/program.ts';
import { checkOutsideRootfs, makeOutsideRootfs } from './outside-rootfs.ts';

export type StoreType = 'dir' | 'overlay';

/** Where a new rootfs is. */
export interface StorePlace {
  /** The container's directory while it is built. */
  readonly building: string;
  /** The container's directory when it is published. */
  readonly final: string;
  /** --dir: the rootfs is this directory. */
  readonly directory?: string;
  /** The tree of a base: the lower layer of an overlay, which then has no other. */
  readonly base?: string;
}

export interface Store {
  readonly type: StoreType;
  /** Directories of it, beside rootfs, that must belong to the container's root. */
  readonly ownDirectories: readonly string[];
  /** Refuses what this store can't do, before anything is made. */
  check(place: StorePlace): void;
  /** Makes the empty storage. */
  create(place: StorePlace): void;
  /** The value of lxc.rootfs.path: `dir:PATH`, `overlay:LOWER:UPPER`. */
  spec(place: StorePlace): string;
  /** The directory that a template fills, by its final name, and by the name it has while it is built. */
  rootfs(place: StorePlace): { readonly final: string; readonly building: string };
}

function makeDirectory(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode); // whatever the caller's umask
}

function ownRootfs({ final, building }: StorePlace): { final: string; building: string } {
  return { final: join(final, 'rootfs'), building: join(building, 'rootfs') };
}

const dir: Store = {
  type: 'dir',
  ownDirectories: [],
  check({ directory }) {
    if (directory !== undefined) checkOutsideRootfs(directory);
  },
  create({ building, directory }) {
    if (directory === undefined) makeDirectory(join(building, 'rootfs'), 0o755);
    else makeOutsideRootfs(building, directory);
  },
  spec: place => `dir:${place.directory ?? join(place.final, 'rootfs')}`,
  rootfs: place =>
    place.directory === undefined ? ownRootfs(place) : { final: place.directory, building: place.directory },
};

// The lower layer is a base, shared and never written, or what the template has filled; all that changes later is in delta. On a
// base, rootfs is an empty directory: where tslxc-mount shows the tree.
const overlay: Store = {
  type: 'overlay',
  ownDirectories: ['overlay', 'overlay/delta', 'overlay/work'],
  check({ directory, final, base }) {
    if (directory !== undefined)
      throw new TslxcError('BAD_ARGUMENT', '--dir goes with the backing store dir only');
    const path = [final, base ?? ''].find(one => /[:,\\]/.test(one));
    if (path !== undefined) {
      throw new TslxcError(
        'BAD_ARGUMENT',
        `overlay can't be used in ${path}: its path has a colon, comma or backslash`,
      );
    }
  },
  create({ building }) {
    makeDirectory(join(building, 'rootfs'), 0o755);
    makeDirectory(join(building, 'overlay'), 0o755);
    makeDirectory(join(building, 'overlay/delta'), 0o755);
    makeDirectory(join(building, 'overlay/work'), 0o755);
  },
  spec: ({ final, base }) => `overlay:${base ?? join(final, 'rootfs')}:${join(final, 'overlay/delta')}`,
  rootfs: ownRootfs,
};

const OTHER_STORES = ['btrfs', 'loop', 'lvm', 'rbd', 'zfs'];

/**
 * The store for `-B WORDS`: a type, LXC's `none` (= dir), or a comma list of which the first that tslxc has is taken
 * (`best` is one such list). Throws STORE_UNSUPPORTED, or BAD_ARGUMENT for a word that names no store.
 */
export function findStore(words: string): Store {
  const wanted = words
    .split(',')
    .flatMap(word => (word === 'best' ? ['btrfs', 'zfs', 'lvm', 'dir', 'rbd'] : [word]));
  for (const word of wanted) {
    if (word === 'dir' || word === 'none') return dir;
    if (word === 'overlay' || word === 'overlayfs') return overlay;
    if (!OTHER_STORES.includes(word)) {
      throw new TslxcError('BAD_ARGUMENT', `${JSON.stringify(word)} is not a backing store`, {
        hint: 'use dir or overlay',
      });
    }
  }
  throw new TslxcError('STORE_UNSUPPORTED', `the backing store ${words} is not supported`, {
    hint: 'use dir or overlay',
  });
}

/** Bytes on disk beneath a container's directory, other filesystems not counted. Throws SIZE_UNKNOWN. */
export async function storedBytes(containerDirectory: string): Promise<number> {
  const args = ['--summarize', '--one-file-system', '--block-size=1', '--', containerDirectory];
  const { exitCode, stdout, stderr, startError } = await runProgram('du', args);
  const bytes = Number.parseInt(stdout, 10);
  if (exitCode === 0 && !Number.isNaN(bytes)) return bytes;
  throw new TslxcError(
    'SIZE_UNKNOWN',
    `the size of ${containerDirectory} can't be read: ${startError ?? stderr}`,
  );
}
