// The options of one mount line, sorted by what carries them out.

import type { Origin } from '../base/errors.ts';
import type { SetWord } from './opcodes.ts';
import { cannotStart } from './refusal.ts';

export interface MountOptions {
  readonly kind: 'fs' | 'bind' | 'rbind' | 'remount' | 'move';
  /** Attributes of the mount. */
  readonly set: readonly SetWord<'mount_attr'>[];
  readonly propagation?: { readonly word: SetWord<'propagation'>; readonly recursive: boolean };
  readonly create?: 'directory' | 'file';
  readonly optional: boolean;
  /** The source is below the rootfs. */
  readonly relative: boolean;
  /** `container`, or the path of a user namespace. */
  readonly idmap?: string;
  /** For the filesystem itself: "key=value" or "flag". */
  readonly data: readonly string[];
}

const ATTRIBUTES: readonly SetWord<'mount_attr'>[] = [
  'ro',
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'strictatime',
  'nodiratime',
  'nosymfollow',
];
/** Each takes away an attribute, or names what is so anyway. */
const CLEARING: Readonly<Record<string, SetWord<'mount_attr'> | undefined>> = {
  rw: 'ro',
  suid: 'nosuid',
  dev: 'nodev',
  exec: 'noexec',
  atime: 'noatime',
  diratime: 'nodiratime',
  nostrictatime: 'strictatime',
  relatime: 'strictatime',
  norelatime: undefined,
  defaults: undefined,
  async: undefined,
  nomand: undefined,
};
const SUPERBLOCK_FLAGS = ['sync', 'dirsync', 'lazytime', 'mand'];
const PROPAGATION = /^(r?)(private|shared|slave|unbindable)$/;

/** Throws CANNOT_START for an option without its value, or with a wrong one. */
export function mountOptions(words: readonly string[], origin: Origin): MountOptions {
  const set = new Set<SetWord<'mount_attr'>>();
  const data: string[] = [];
  let rest: Omit<MountOptions, 'set' | 'data'> = { kind: 'fs', optional: false, relative: false };
  for (const word of words) {
    const attribute = ATTRIBUTES.find(known => known === word);
    if (attribute) set.add(attribute);
    else if (word in CLEARING) set.delete(CLEARING[word] as SetWord<'mount_attr'>);
    else if (SUPERBLOCK_FLAGS.includes(word)) data.push(word);
    else {
      const known = otherOption(word, origin);
      if (known) rest = { ...rest, ...known };
      else data.push(word);
    }
  }
  return { ...rest, set: ATTRIBUTES.filter(attribute => set.has(attribute)), data };
}

function otherOption(word: string, origin: Origin): Partial<MountOptions> | undefined {
  const [, recursive, propagation] = PROPAGATION.exec(word) ?? [];
  if (propagation) {
    return { propagation: { word: propagation as SetWord<'propagation'>, recursive: recursive === 'r' } };
  }
  switch (word) {
    case 'bind':
    case 'rbind':
    case 'remount':
    case 'move':
      return { kind: word };
    case 'optional':
      return { optional: true };
    case 'relative':
      return { relative: true };
    case 'create=dir':
      return { create: 'directory' };
    case 'create=file':
      return { create: 'file' };
  }
  if (word.startsWith('create='))
    throw cannotStart(`mount option ${word}: it is create=dir or create=file`, origin);
  if (word.startsWith('idmap=')) return { idmap: word.slice('idmap='.length) };
  return undefined;
}
