// A registry on the loopback address, with what real ones have: tokens of another server, blobs on a third, transfers that break.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TestContext } from 'node:test';
import { type Image, sha256 } from './oci-images.ts';

export interface RegistryOptions {
  /** Whom it gives tokens to; default: to everybody. */
  readonly user?: { readonly name: string; readonly password: string };
  /** It asks for name and password itself, without tokens. */
  readonly basic?: boolean;
  /** The first sending of each large blob breaks off in the middle. */
  readonly breaks?: boolean;
  /** A large blob is begun and never ended. */
  readonly stalls?: boolean;
  /** What is sent instead of a blob or manifest. */
  readonly change?: (bytes: Buffer, digest: string) => Buffer;
  /** It speaks https. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

export interface TestRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Method, path and what else is of interest of each request, in order. */
  readonly asked: string[];
  /** Gives an image a name: `app:1.0`. */
  put(name: string, image: Image): void;
  /** Gives a name to an index of bytes, which has these images. */
  putIndex(name: string, index: Buffer, images: readonly Image[]): void;
  options: RegistryOptions;
}

const LARGE_BYTES = 100_000;

/** Serves until the test ends. */
export async function registry(t: TestContext, options: RegistryOptions = {}): Promise<TestRegistry> {
  const tags = new Map<string, Buffer>();
  const blobs = new Map<string, Buffer>();
  const asked: string[] = [];
  const token = randomBytes(12).toString('hex');
  const begun = new Set<string>();
  const sent = (digest: string): Buffer => {
    const bytes = blobs.get(digest) ?? Buffer.alloc(0);
    return self.options.change?.(bytes, digest) ?? bytes;
  };

  const scheme = options.tls ? 'https' : 'http';
  const tokens = await serve(
    t,
    (request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      asked.push(`token ${url.searchParams.get('service')} ${url.searchParams.get('scope')}`);
      const { user } = self.options;
      if (user && request.headers.authorization !== basic(user)) return refuse(response, 401, 'who are you');
      response.end(JSON.stringify({ token }));
    },
    options.tls,
  );

  const storage = await serve(
    t,
    (request, response) => {
      const digest = decodeURIComponent((request.url ?? '').slice(1));
      asked.push(`storage ${request.headers.range ?? 'all'}`);
      assert.equal(request.headers.authorization, undefined, 'the token is for the registry alone');
      if (self.options.stalls && sent(digest).length > LARGE_BYTES)
        return void response.write(sent(digest).subarray(0, 1000));
      sendBytes(request, response, sent(digest), self.options.breaks === true && !begun.has(digest));
      begun.add(digest);
    },
    options.tls,
  );

  const host = await serve(
    t,
    (request, response) => {
      const path = request.url ?? '';
      asked.push(`registry ${path}`);
      const { user } = self.options;
      const wanted = self.options.basic && user ? basic(user) : `Bearer ${token}`;
      if (request.headers.authorization !== wanted) {
        const asks = self.options.basic
          ? 'Basic realm="test"'
          : `Bearer realm="${scheme}://${tokens}/token",service="test registry"`;
        response.setHeader('www-authenticate', asks);
        return refuse(response, 401, 'authentication required');
      }
      const [, repository = '', kind = '', word = ''] =
        /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
      const digest =
        kind === 'blobs' || word.includes(':')
          ? word
          : sha256(tags.get(`${repository}:${word}`) ?? Buffer.alloc(0));
      if (!blobs.has(digest)) return refuse(response, 404, 'no such thing');
      if (kind === 'blobs') {
        response.writeHead(307, { location: `${scheme}://${storage}/${encodeURIComponent(digest)}` }).end();
        return;
      }
      response.setHeader('docker-content-digest', digest);
      response.setHeader('content-type', JSON.parse(String(blobs.get(digest))).mediaType);
      response.end(sent(digest));
    },
    options.tls,
  );

  const self: TestRegistry = {
    host,
    asked,
    options,
    put(name, image) {
      self.putIndex(name, image.manifest, [image]);
    },
    putIndex(name, index, images) {
      tags.set(name, index);
      blobs.set(sha256(index), index);
      for (const image of images) for (const [digest, bytes] of image.blobs) blobs.set(digest, bytes);
    },
  };
  return self;
}

function basic(user: { readonly name: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status).end(JSON.stringify({ errors: [{ code: 'X', message }] }));
}

function sendBytes(request: IncomingMessage, response: ServerResponse, bytes: Buffer, breaks: boolean): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > 0) response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
  if (breaks && bytes.length > LARGE_BYTES)
    response.write(bytes.subarray(from, from + bytes.length / 2), () => response.destroy());
  else response.end(bytes.subarray(from));
}

/** Listens until the test ends; returns `127.0.0.1:PORT`. */
async function serve(
  t: TestContext,
  listener: RequestListener,
  tls?: RegistryOptions['tls'],
): Promise<string> {
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `127.0.0.1:${address.port}`;
}
