// A base: what a template's first phase made, once for equal options, and where it is noted which options made it.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectories } from '../../host/directories.ts';
import { type BaseSettings, baseDirectory, baseIds, imagesDirectory } from '../../storage/bases.ts';
import { syncDirectory, writeFileDurably } from '../../storage/durable.ts';

/** What the template said of what it made (`remember` in templates/engine.sh). */
export interface BaseFacts {
  readonly distribution: string;
  readonly release: string;
  readonly arch: string;
  /** Where it came from: a mirror's address. */
  readonly origin: string;
  /** Changes exactly when what the mirror offers changes. */
  readonly index: string;
}

export interface Base extends BaseFacts {
  /** Also its directory's name: the digest of the tree, or of that and of what an image says beside its tree. */
  readonly id: string;
  /** sha256 of the tree as a tar file, in hexadecimal. */
  readonly tree: string;
  /** The template, by name or path, and the arguments it was given. */
  readonly template: string;
  readonly arguments: readonly string[];
  /** When it was made; ISO 8601, UTC. */
  readonly made: string;
  /** What it takes on disk. */
  readonly sizeBytes: number;
}

/** What a set of options has made, and when the mirror was last asked whether that is still what it offers. */
export interface Reference {
  readonly base: string;
  /** ISO 8601, UTC. */
  readonly checked: string;
}

/** The tree of a base. */
export function baseRootfs(settings: BaseSettings, id: string): string {
  return join(baseDirectory(settings, id), 'rootfs');
}

/** A base by its id; undefined when it is not there. */
export function readBase(settings: BaseSettings, id: string): Base | undefined {
  return readJson<Base>(join(baseDirectory(settings, id), 'base.json'));
}

/** All bases, oldest first. */
export function listBases(settings: BaseSettings): Base[] {
  return baseIds(settings)
    .map(id => readBase(settings, id))
    .filter(base => base !== undefined)
    .sort((a, b) => (a.made < b.made ? -1 : 1));
}

function referencesDirectory(settings: BaseSettings): string {
  return join(imagesDirectory(settings), '.refs');
}

/** The file that is locked while the base of these options is made. */
export function referenceLock(settings: BaseSettings, key: string): string {
  const directory = referencesDirectory(settings);
  makeDirectories(directory, 0o700);
  return join(directory, `${key}.lock`);
}

/** What the options with this key have made; undefined when nothing, or when that is gone. */
export function readReference(settings: BaseSettings, key: string): Reference | undefined {
  return readJson<Reference>(join(referencesDirectory(settings), `${key}.json`));
}

/** Notes durably what the options with this key have made. */
export function writeReference(settings: BaseSettings, key: string, reference: Reference): void {
  const directory = referencesDirectory(settings);
  makeDirectories(directory, 0o700);
  writeFileDurably(join(directory, `${key}.json`), `${JSON.stringify(reference)}\n`, 0o600);
  syncDirectory(directory);
}

/** The keys of all references to a base, with when each was last checked. */
export function referencesTo(settings: BaseSettings, base: string): (Reference & { readonly key: string })[] {
  return keysOf(settings).flatMap(key => {
    const reference = readReference(settings, key);
    return reference?.base === base ? [{ key, ...reference }] : [];
  });
}

/** Forgets every reference to a base, so that the next create makes it anew. */
export function dropReferences(settings: BaseSettings, base: string): void {
  const directory = referencesDirectory(settings);
  for (const { key } of referencesTo(settings, base)) rmSync(join(directory, `${key}.json`), { force: true });
}

function keysOf(settings: BaseSettings): string[] {
  try {
    return readdirSync(referencesDirectory(settings))
      .filter(name => name.endsWith('.json'))
      .map(name => name.slice(0, -'.json'.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
