// The small files by which a server says what it has. Each is checked before it is believed, and kept in the cache for when the
// server can't be reached; what is kept is checked again.

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { SeenServer } from './seen.ts';
import { type ImageServer, serverId } from './server.ts';
import { checkSignature } from './signatures.ts';
import { transfer } from './transfer.ts';

export interface IndexOptions {
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Don't ask the server when the cache has its indexes. */
  readonly forceCache?: boolean;
  /** Something that the user should know. */
  readonly notice: (text: string) => void;
}

interface Reading {
  readonly mostBytes: number;
  /** Older ones than seen before are refused: not for files that belong to one build, which never changes. */
  readonly onlyNewer: boolean;
  /** Signatures are asked for only where there is a key. */
  readonly onlyWithKey: boolean;
}

const MOST_SIGNATURE_BYTES = 64 * 1024;
const MOST_SECONDS = 180;

export class IndexFiles {
  readonly server: ImageServer;
  readonly #options: IndexOptions;
  readonly #seen: SeenServer;
  readonly #cache: string;
  #isOffline: boolean;

  constructor(server: ImageServer, options: IndexOptions) {
    this.server = server;
    this.#options = options;
    this.#seen = new SeenServer(options.stateDir, server);
    this.#cache = join(options.cacheDir, 'images/servers', serverId(server));
    this.#isOffline = options.forceCache === true && this.#cached(ANY_INDEX) !== undefined;
  }

  url(path: string): string {
    return `${this.server.url}/${path}`;
  }

  /** The first time, says what vouches for a server without a key. */
  tellRootOfTrust(): void {
    const { url, keyring, isTrustedBlindly } = this.server;
    if (keyring !== undefined || isTrustedBlindly || !this.#seen.tellsFirst()) return;
    this.#options.notice(
      `${url} signs nothing that a key here could check: that https reaches the right server is all that vouches for its images`,
    );
  }

  /** Forgets what is kept of the server. */
  flush(): void {
    rmSync(this.#cache, { recursive: true, force: true });
  }

  /** A file that is to be believed, or undefined when the server has none. Throws what `transfer` and signatures throw. */
  async read(path: string, reading: Reading): Promise<Buffer | undefined> {
    const data = await this.#get(path, reading.mostBytes);
    if (data === undefined) return undefined;
    const { keyring, isTrustedBlindly } = this.server;
    const isUnasked = isTrustedBlindly || (keyring === undefined && reading.onlyWithKey);
    const signature = isUnasked ? undefined : await this.#signature(path);
    if (!isUnasked) await this.#check(path, data, signature, reading);
    this.#keep(path, data, signature);
    return data;
  }

  async #signature(path: string): Promise<Buffer | undefined> {
    const armored = await this.#get(`${path}.asc`, MOST_SIGNATURE_BYTES);
    if (armored !== undefined || this.server.keyring === undefined) return armored;
    return await this.#get(`${path}.gpg`, MOST_SIGNATURE_BYTES);
  }

  async #check(path: string, data: Buffer, signature: Buffer | undefined, reading: Reading): Promise<void> {
    const { keyring, url: server } = this.server;
    const url = this.url(path);
    if (signature === undefined) {
      if (keyring === undefined && !this.#seen.wasSigned) return;
      const why =
        keyring === undefined ? 'was signed when it was read last' : 'there is a key for the server';
      throw new TslxcError('IMAGE_UNSIGNED', `${url} is not signed, and ${why}`);
    }
    if (keyring === undefined)
      throw new TslxcError(
        'IMAGE_KEY_MISSING',
        `${url} is signed, and there is no key of ${server} to check it with`,
        {
          hint: 'give it with --keyring FILE or in tslxc.yaml (image_servers), or trust the server blindly with --no-validate',
        },
      );
    const seconds = await checkSignature({ url, data, signature, keyring });
    const unkept = reading.onlyNewer ? this.#seen.signedAt(path, url, seconds) : undefined;
    if (unkept !== undefined)
      this.#options.notice(`${unkept}: an older ${url} would not be noticed next time`);
  }

  async #get(path: string, mostBytes: number): Promise<Buffer | undefined> {
    if (this.#isOffline) return this.#cached(path);
    try {
      return await this.#download(path, mostBytes);
    } catch (error) {
      const kept = this.#keptAt(path);
      if (!(error instanceof TslxcError && error.code === 'SERVER_UNREACHABLE') || kept === undefined)
        throw error;
      this.#isOffline = true;
      this.#options.notice(
        `${error.message}; going on with what it said on ${kept.toISOString().slice(0, 10)}`,
      );
      return this.#cached(path);
    }
  }

  async #download(path: string, mostBytes: number): Promise<Buffer | undefined> {
    let chunks: Buffer[] = [];
    const { env, signal } = this.#options;
    const isThere = await transfer({
      url: this.url(path),
      mostBytes,
      maxSeconds: MOST_SECONDS,
      // Who has a copy need not wait long for a server that is away.
      ...(this.#keptAt(path) === undefined ? {} : { retries: 1 }),
      env,
      ...(signal === undefined ? {} : { signal }),
      take: chunk => void chunks.push(chunk),
      restart: () => {
        chunks = [];
      },
    });
    return isThere ? Buffer.concat(chunks) : undefined;
  }

  #cacheFile(path: string): string {
    return join(this.#cache, path.replaceAll('%', '%25').replaceAll('/', '%2f'));
  }

  #cached(path: string): Buffer | undefined {
    try {
      return readFileSync(path === ANY_INDEX ? join(this.#cache, ANY_INDEX) : this.#cacheFile(path));
    } catch {
      return undefined;
    }
  }

  #keptAt(path: string): Date | undefined {
    return statSync(this.#cacheFile(path), { throwIfNoEntry: false })?.mtime;
  }

  /** The cache may be read-only or full: then there is no copy. */
  #keep(path: string, data: Buffer, signature: Buffer | undefined): void {
    if (this.#isOffline) return;
    try {
      makeDirectories(this.#cache, 0o700);
      rmSync(this.#cacheFile(path), { force: true });
      if (signature === undefined) rmSync(this.#cacheFile(`${path}.asc`), { force: true });
      else writeFileSync(this.#cacheFile(`${path}.asc`), signature);
      writeFileSync(this.#cacheFile(path), data);
      writeFileSync(join(this.#cache, ANY_INDEX), '');
    } catch {
      rmSync(this.#cacheFile(path), { force: true });
    }
  }
}

/** There when an index was kept. */
const ANY_INDEX = 'kept';
