// What `--url` names: where an image is, and which.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { hasControlCharacters } from '../../base/container-names.ts';
import { TslxcError } from '../../base/errors.ts';
import { type Digest, isDigest } from './digest.ts';

export type Reference =
  | { readonly kind: 'registry'; readonly registry: RegistryReference }
  | {
      readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
      /** Absolute. */
      readonly path: string;
      /** Undefined: the only image there, or `latest`. */
      readonly tag: string | undefined;
    }
  /** For skopeo, which knows more of them. */
  | { readonly kind: 'other'; readonly transport: string; readonly text: string };

export interface RegistryReference {
  /** As people say it: `docker.io`, `127.0.0.1:5000`. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  /** Asked for by digest: then the tag is of no importance. */
  readonly digest: Digest | undefined;
}

const DOCKER_HUB = 'docker.io';
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;

function refuse(
  text: string,
  why: string,
  hint = 'give oci:DIR[:TAG], docker://[HOST/]REPO[:TAG], docker-archive:FILE or oci-archive:FILE',
): never {
  throw new TslxcError('BAD_ARGUMENT', `${JSON.stringify(text)} names no image: ${why}`, { hint });
}

/** The reference in a text; paths are looked for from `cwd`. Throws BAD_ARGUMENT. */
export function parseReference(text: string, cwd: string): Reference {
  if (hasControlCharacters(text)) refuse(text, 'it has a control character');
  const [, transport = '', rest = ''] = /^([a-z][a-z-]*):(.*)$/.exec(text) ?? [];
  switch (transport) {
    case 'docker':
      if (!rest.startsWith('//')) refuse(text, 'docker: is followed by //');
      return { kind: 'registry', registry: parseRegistry(text, rest.slice(2)) };
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return { kind: transport, ...pathAndTag(text, rest, cwd) };
    case '':
      return refuse(text, 'it does not begin with a transport');
    default:
      return { kind: 'other', transport, text };
  }
}

function pathAndTag(text: string, rest: string, cwd: string): { path: string; tag: string | undefined } {
  // A name with a colon is a file's when there is such a file.
  const colon = existsSync(resolve(cwd, rest)) ? -1 : rest.indexOf(':');
  const [path, tag] = colon < 0 ? [rest, undefined] : [rest.slice(0, colon), rest.slice(colon + 1)];
  if (path === '') refuse(text, 'the path is missing');
  if (tag === '') refuse(text, 'the tag is empty');
  return { path: resolve(cwd, path), tag };
}

function parseRegistry(text: string, words: string): RegistryReference {
  const [named = '', digest, ...more] = words.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest)))
    refuse(text, 'what follows @ is no digest');
  const [first = '', ...others] = named.split('/');
  const hasHost = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = hasHost ? first : DOCKER_HUB;
  const path = hasHost ? others.join('/') : named;
  const colon = path.lastIndexOf(':');
  const [name, tag] = colon < 0 ? [path, 'latest'] : [path.slice(0, colon), path.slice(colon + 1)];
  if (!HOST.test(host)) refuse(text, `${JSON.stringify(host)} is no host`);
  if (!REPOSITORY.test(name)) refuse(text, `${JSON.stringify(name)} is no repository`);
  if (!TAG.test(tag)) refuse(text, `${JSON.stringify(tag)} is no tag`);
  const isHub = [DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io'].includes(host);
  const repository = isHub && !name.includes('/') ? `library/${name}` : name;
  return { host: isHub ? DOCKER_HUB : host, repository, tag, digest };
}

/** The text that names it again, by a digest if one is given. */
export function registryText({ host, repository, tag }: RegistryReference, digest?: Digest): string {
  return `docker://${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

/** The host that answers for it. */
export function registryHost(host: string): string {
  return host === DOCKER_HUB ? 'registry-1.docker.io' : host;
}

/** Whether nobody can stand between us and it. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
