// An image server as the user named it, and what has to vouch for what it sends.

import { createHash } from 'node:crypto';
import { TslxcError } from '../../base/errors.ts';

export const DEFAULT_SERVER = 'https://images.linuxcontainers.org';

/** A server with a key of its own, from tslxc.yaml. */
export interface ConfiguredServer {
  readonly url: string;
  /** A keyring, armored or not. */
  readonly key?: string;
}

export interface ImageServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** The keyring that must have signed its indexes. */
  readonly keyring?: string;
  /** --no-validate: neither signature nor https are asked for. Checksums are checked all the same. */
  readonly isTrustedBlindly: boolean;
}

export interface ServerChoice {
  /** --server: a host, or an http or https address; default: the first configured one, else DEFAULT_SERVER. */
  readonly word?: string;
  /** --keyring, absolute. */
  readonly keyring?: string;
  readonly noValidate: boolean;
}

/** The server that is meant. Throws BAD_ARGUMENT; IMAGE_UNSIGNED for http without a key. */
export function findServer(choice: ServerChoice, configured: readonly ConfiguredServer[]): ImageServer {
  const url = serverUrl(choice.word ?? configured[0]?.url ?? DEFAULT_SERVER);
  const keyring = choice.keyring ?? configured.find(one => serverUrl(one.url) === url)?.key;
  if (url.startsWith('http:') && keyring === undefined && !choice.noValidate)
    throw new TslxcError(
      'IMAGE_UNSIGNED',
      `nothing vouches for ${url}: it is not https, and there is no key for it`,
      {
        hint: 'use https, give the key of the server with --keyring FILE, or --no-validate to trust it blindly',
      },
    );
  return { url, ...(keyring === undefined ? {} : { keyring }), isTrustedBlindly: choice.noValidate };
}

/** `HOST`, `HOST/PATH` or an address, as an address without a slash at its end. Throws BAD_ARGUMENT. */
export function serverUrl(word: string): string {
  const url = URL.canParse(word) && word.includes('://') ? new URL(word) : parsed(`https://${word}`);
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new TslxcError('BAD_ARGUMENT', `${JSON.stringify(word)} is not the address of an image server`, {
      hint: 'give a host, or an address that begins with https://',
    });
  if (url.username !== '' || url.password !== '')
    throw new TslxcError('BAD_ARGUMENT', 'the address of the image server has a user in it', {
      hint: 'messages and command lines show addresses: let the server know this host otherwise',
    });
  return url.href.replace(/\/+$/, '');
}

function parsed(text: string): URL | undefined {
  return /[\s\p{Cc}]/u.test(text) || !URL.canParse(text) ? undefined : new URL(text);
}

/** A name for files about the server. */
export function serverId(server: ImageServer): string {
  return createHash('sha256').update(server.url).digest('hex').slice(0, 16);
}
