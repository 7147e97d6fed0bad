// How a registry wants to be asked: by name and password, or with a token that another server gives for them (or for nothing).

import { TslxcError } from '../../base/errors.ts';
import { parseDocument } from './image.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  /** In small letters: basic, bearer. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenge of a WWW-Authenticate header. Throws REGISTRY_DENIED for one that we can't answer. */
export function challengeOf(header: string, host: string): Challenge {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header) ?? [];
  const pairs = [...rest.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, key = '', value = '']) => [
    key.toLowerCase(),
    value,
  ]);
  const challenge = {
    scheme: scheme.toLowerCase(),
    parameters: Object.fromEntries(pairs) as Record<string, string>,
  };
  const isUsable =
    challenge.scheme === 'basic' ||
    (challenge.scheme === 'bearer' && URL.canParse(challenge.parameters['realm'] ?? ''));
  if (isUsable) return challenge;
  throw new TslxcError(
    'REGISTRY_DENIED',
    `${host} wants a login of a kind that we don't know: ${JSON.stringify(header.slice(0, 100))}`,
  );
}

/** What to do about a challenge: an authorization, or a request for a token. Throws REGISTRY_DENIED. */
export function tokenRequest(
  { scheme, parameters }: Challenge,
  repository: string,
  credentials: Credentials | undefined,
  host: string,
):
  | { readonly authorization: string }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  const basic =
    credentials &&
    `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  if (scheme === 'basic') {
    if (basic !== undefined) return { authorization: basic };
    throw new TslxcError('REGISTRY_DENIED', `${host} wants a name and a password`, {
      hint: 'give --username and --password-file',
    });
  }
  const url = new URL(parameters['realm'] ?? '');
  if (parameters['service'] !== undefined) url.searchParams.set('service', parameters['service']);
  // Of this repository, to read: a token that was asked for more would be of more use to others.
  url.searchParams.set('scope', `repository:${repository}:pull`);
  return { url: url.href, headers: basic === undefined ? {} : { authorization: basic } };
}

/** The token of an answer. Throws REGISTRY_DENIED. */
export function tokenOf(body: Buffer, url: string): string {
  const { token, access_token } = parseDocument(body, `the token of ${new URL(url).host}`);
  const found = token ?? access_token;
  if (typeof found === 'string' && /^[\x21-\x7e]+$/.test(found)) return found;
  throw new TslxcError('REGISTRY_DENIED', `${new URL(url).host} gives no token`);
}
