// skopeo, where the host has it: it gets what we have no transport for, and images of registries as this host's administrator set
// that up. What it leaves is a layout, checked and unpacked like any other.

import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { makeDirectories } from '../../host/directories.ts';
import { runProgram } from '../../host/program.ts';
import { streamProgram } from '../../host/stream-program.ts';
import { type Digest, digestOf } from './digest.ts';
import type { Platform } from './platform.ts';
import type { ImageRequest } from './pull.ts';
import { isLoopback } from './reference.ts';

/** Whether skopeo is in the PATH. */
export function hasSkopeo(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env['PATH'] ?? '').split(':').some(directory => {
    try {
      accessSync(join(directory, 'skopeo'), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}

/** The digest of the index or manifest that a name means. Throws DOWNLOAD_FAILED with skopeo's cause. */
export async function digestBySkopeo(text: string, request: ImageRequest): Promise<Digest> {
  const skopeo = streamProgram(
    'skopeo',
    ['inspect', '--raw', ...connection('', text, request), text],
    request,
  );
  skopeo.stdin.end();
  const chunks: Buffer[] = [];
  for await (const chunk of skopeo.stdout) chunks.push(chunk as Buffer);
  const { ok, text: said } = await skopeo.ended;
  if (!ok) throw failed(text, said);
  return digestOf(Buffer.concat(chunks));
}

/** Copies the image of a platform to the layout in `layout.directory`. */
export async function copyWithSkopeo(
  text: string,
  layout: SkopeoLayout,
  platform: Platform,
  request: ImageRequest,
): Promise<void> {
  request.say(`Getting ${text.replace(/^docker:\/\//, '')} with skopeo`);
  const variant = platform.variant === '' ? [] : ['--override-variant', platform.variant];
  const shared = layout.blobs === undefined ? [] : ['--dest-shared-blob-dir', layout.blobs];
  const { exitCode, stderr, startError } = await runProgram(
    'skopeo',
    [
      ...['--override-os', 'linux', '--override-arch', platform.architecture, ...variant],
      ...['copy', '--quiet', ...connection('src-', text, request), ...shared],
      text,
      `oci:${layout.directory}:image`,
    ],
    { env: request.env, onLine: () => {} },
  );
  if (exitCode !== 0) throw failed(text, stderr || (startError ?? ''));
}

export interface SkopeoLayout {
  readonly directory: string;
  /** Where its blobs are, for it and others. */
  readonly blobs?: string;
}

const LAYOUT = 'layout-';
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * A new directory for a layout, and what removes it. It is in the cache where there is one: skopeo moves blobs from the one to the
 * other by renaming.
 */
export function layoutFor({ cacheDir, work }: ImageRequest): SkopeoLayout & { remove(): void } {
  if (cacheDir === undefined) return { directory: join(work, 'layout'), remove: () => {} };
  makeDirectories(cacheDir, 0o700);
  for (const name of readdirSync(cacheDir)) {
    const old = join(cacheDir, name);
    // Of a command that was killed.
    if (name.startsWith(LAYOUT) && Date.now() - statSync(old).mtimeMs > ABANDONED_MS) removeAll(old);
  }
  const directory = mkdtempSync(join(cacheDir, LAYOUT));
  return { directory, blobs: cacheDir, remove: () => removeAll(directory) };
}

function removeAll(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Who we are goes by a file: arguments are seen by all. */
function connection(prefix: string, text: string, request: ImageRequest): string[] {
  const host = /^docker:\/\/([^/]+)/.exec(text)?.[1];
  if (host === undefined) return [];
  const isPlain = request.insecure || isLoopback(host);
  return [
    ...(isPlain ? [`--${prefix}tls-verify=false`] : []),
    ...(request.credentials === undefined
      ? []
      : [`--${prefix === '' ? '' : prefix}authfile=${authFile(host, request)}`]),
  ];
}

function authFile(host: string, { work, credentials }: ImageRequest): string {
  const file = join(work, 'auth.json');
  const auth = Buffer.from(`${credentials?.username}:${credentials?.password}`).toString('base64');
  const name = host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
  writeFileSync(file, JSON.stringify({ auths: { [name]: { auth } } }), { mode: 0o600 });
  return file;
}

/** skopeo's last line of log, without the words around its cause. */
function failed(text: string, said: string): TslxcError {
  const last = said.split('\n').at(-1) ?? '';
  const cause = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? last;
  const short = cause.replace(/^(?:Error )?parsing image name "[^"]*": /i, '');
  return new TslxcError('DOWNLOAD_FAILED', `skopeo can't get ${text}: ${short}`);
}
