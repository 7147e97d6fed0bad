// What is remembered of a server, in the state directory: when the newest index that it signed was signed, so that an older one is
// known for what it is; and whether the user was told what vouches for it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { writeFileDurably } from '../../storage/durable.ts';
import { type ImageServer, serverId } from './server.ts';

interface Memory {
  readonly url: string;
  /** By path: seconds since 1970. */
  readonly signed: Readonly<Record<string, number>>;
  readonly told: boolean;
}

/** The memory of one server. */
export class SeenServer {
  readonly #file: string;
  #memory: Memory;

  constructor(stateDir: string, server: ImageServer) {
    this.#file = join(stateDir, '.image-servers', `${serverId(server)}.json`);
    this.#memory = readMemory(this.#file) ?? { url: server.url, signed: {}, told: false };
  }

  /** Whether an index of it was ever signed. */
  get wasSigned(): boolean {
    return Object.keys(this.#memory.signed).length > 0;
  }

  /**
   * Takes note of an index, by the time it was signed at; returns why that can't be kept (root of a user namespace may not write
   * here), or undefined. Throws IMAGE_INDEX_OLD when a newer one was seen.
   */
  signedAt(path: string, url: string, seconds: number): string | undefined {
    const newest = this.#memory.signed[path] ?? 0;
    if (seconds === newest) return undefined;
    if (seconds < newest)
      throw new TslxcError(
        'IMAGE_INDEX_OLD',
        `${url} was signed on ${date(seconds)}, and one of ${date(newest)} was seen already: an old index is played back`,
        { hint: `if the server went back on purpose, remove ${this.#file}` },
      );
    try {
      this.#write({ ...this.#memory, signed: { ...this.#memory.signed, [path]: seconds } });
      return undefined;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) throw error;
      return `${this.#file} can't be written (${code})`;
    }
  }

  /** True once: what a user is told of this server is told the first time. */
  tellsFirst(): boolean {
    if (this.#memory.told) return false;
    try {
      this.#write({ ...this.#memory, told: true });
    } catch {
      // Who can't keep it is told each time.
    }
    return true;
  }

  #write(memory: Memory): void {
    makeDirectories(join(this.#file, '..'), 0o700);
    writeFileDurably(this.#file, `${JSON.stringify(memory)}\n`, 0o600);
    this.#memory = memory;
  }
}

const date = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

/** Undefined when there is none. Throws STATE_INVALID for what we can't have written: forgetting would let a replay pass. */
function readMemory(file: string): Memory | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
  try {
    const { url, signed, told } = JSON.parse(text) as Memory;
    if (typeof url === 'string' && Object.values(signed).every(Number.isSafeInteger))
      return { url, signed, told };
  } catch {
    // told below
  }
  throw new TslxcError(
    'STATE_INVALID',
    `${file} is damaged: it says which indexes of the image server were seen`,
    {
      hint: 'remove it if the server is to be trusted anew',
    },
  );
}
