// What can be done to the files of a signed image server, each in one place, and how each has to be refused.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../system/live.ts';
import { INDEX_SYSTEM, STREAMS, signedFiles } from './image-tree.ts';
import { flipped } from './loopback.ts';
import type { ThrowAwayKey } from './throw-away-key.ts';

export interface SignedServer {
  /** Its files as they are to be. */
  readonly root: string;
  /** The indexes and signatures that it had before, as they were. */
  readonly before: string;
  readonly format: 'simplestreams' | 'index-system';
  /** Directories of the image that is asked for, and of another one. */
  readonly asked: string;
  readonly other: string;
  /** A key that is not the server's. */
  readonly stranger: ThrowAwayKey;
}

export interface Attack {
  readonly what: string;
  /** Changes the files below a copy of `root`. */
  carryOut(copy: string): void;
  /** The file that the refusal names. */
  readonly names: string;
}

/** Signs all that is to be signed, as if on that second. */
export function signServer(root: string, key: ThrowAwayKey, second?: number): void {
  const at = second === undefined ? [] : ['--faked-system-time', `${second}!`];
  for (const file of signedFiles(root))
    key.gpg(...at, '--armor', '--output', `${file}.asc`, '--detach-sign', file);
}

/** More than the slowest kernel's tick. */
const TICK_MS = 50;

/** Signs all as soon as the key exists, keeps that in `before`, and signs again a second later at least. */
export async function signTwice(root: string, before: string, key: ThrowAwayKey): Promise<void> {
  const born = Number(/^pub:(?:[^:]*:){4}(\d+):/m.exec(key.gpg('--list-keys', '--with-colons'))?.[1]);
  signServer(root, key, born);
  cpSync(root, before, { recursive: true });
  // gpg asks time(2), whose second begins a clock tick later.
  const later = (born + 1) * 1000 + TICK_MS;
  await until('the next second', () => (Date.now() >= later ? true : undefined));
  signServer(root, key);
}

/** Every attack on every file that a create of the image reads. */
export function attacksOn(server: SignedServer): Attack[] {
  const { asked, format } = server;
  const indexes = format === 'simplestreams' ? STREAMS : [INDEX_SYSTEM.at(-1) ?? ''];
  const signed = [...indexes, `${asked}/SHA256SUMS`];
  const packed = ['rootfs.tar.xz', 'meta.tar.xz', ...(format === 'simplestreams' ? [] : ['lxd.tar.xz'])];
  const files = [...signed, ...packed.map(name => `${asked}/${name}`)];
  return [
    ...files.flatMap(file => damage(file, file, [0, 0.5, 1])),
    // The last byte of an armored signature is the end of a line: no part of the signature.
    ...signed.flatMap(file => damage(`${file}.asc`, file, [0, 0.5])),
    ...signed.flatMap(file => signatures(server, file)),
    ...files.filter(file => file.startsWith(asked)).map(file => swap(server, file)),
    ...indexes.flatMap(file => replays(server, file)),
    ...(indexes.length > 1 ? exchange(indexes) : []),
    wholeDirectory(server),
  ];
}

/** One bit, at parts of the length; half of it gone; all of it gone. */
function damage(file: string, names: string, places: readonly number[]): Attack[] {
  const flips = places.map(part => ({
    what: `${file}: a bit flipped at ${part * 100} %`,
    names,
    carryOut: (copy: string) => {
      const bytes = readFileSync(join(copy, file));
      writeFileSync(join(copy, file), flipped(bytes, Math.floor((bytes.length - 1) * part)));
    },
  }));
  const cuts = [0.5, 0].map(part => ({
    what: `${file}: truncated to ${part * 100} %`,
    names,
    carryOut: (copy: string) =>
      truncateSync(join(copy, file), Math.floor(readFileSync(join(copy, file)).length * part)),
  }));
  return [...flips, ...cuts];
}

/** Unsigned, and signed by somebody else. */
function signatures({ stranger }: SignedServer, file: string): Attack[] {
  return [
    {
      what: `${file}: its signature is gone`,
      names: file,
      carryOut: copy => rmSync(join(copy, `${file}.asc`)),
    },
    {
      what: `${file}: signed by a stranger`,
      names: file,
      carryOut: copy => {
        rmSync(join(copy, `${file}.asc`));
        stranger.sign([join(copy, file)], 'asc');
      },
    },
  ];
}

/** The other image's file of that name, with the other's signature where it has one. */
function swap({ asked, other }: SignedServer, file: string): Attack {
  const theirs = file.replace(asked, other);
  return {
    what: `${file}: the one of another image`,
    names: file.endsWith('SHA256SUMS') ? asked : file,
    carryOut: copy => {
      for (const end of ['', '.asc'])
        if (existsSync(join(copy, theirs + end))) cpSync(join(copy, theirs + end), join(copy, file + end));
    },
  };
}

/** What the server signed before. */
function replays({ before }: SignedServer, file: string): Attack[] {
  return [
    {
      what: `${file}: the one that was signed before`,
      names: file,
      carryOut: copy => {
        for (const end of ['', '.asc']) cpSync(join(before, file + end), join(copy, file + end));
      },
    },
  ];
}

/** One signed index in the other's place. */
function exchange([first = '', second = '']: readonly string[]): Attack[] {
  const put = (from: string, to: string): Attack => ({
    what: `${to}: ${from} in its place, with its signature`,
    names: to,
    carryOut: copy => {
      for (const end of ['', '.asc']) cpSync(join(copy, from + end), join(copy, to + end));
    },
  });
  return [put(first, second), put(second, first)];
}

/** All files of the other image, every one of them signed, where the asked one is. */
function wholeDirectory({ asked, other }: SignedServer): Attack {
  return {
    what: `${asked}: the directory of another image`,
    names: asked,
    carryOut: copy => {
      rmSync(join(copy, asked), { recursive: true });
      cpSync(join(copy, other), join(copy, asked), { recursive: true });
    },
  };
}

/** The files as they are to be, ready for the next attack. */
export function restore(server: SignedServer, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  execFileSync('cp', ['-a', server.root, copy]);
}
