// An image server on the loopback address that can be told to misbehave; a proxy; and certificates of our own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { join, normalize } from 'node:path';
import type { TestContext } from 'node:test';

export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  /** `bytes=5-`, or the empty text. */
  readonly range: string;
}

export interface ImageServer {
  readonly url: string;
  readonly requests: ServedRequest[];
  /** Breaks the connection after this many bytes of the next answer for a path with this end. */
  cutNext(path: string, afterBytes: number): void;
  /** Answers the next request with this status. */
  failNext(status: number): void;
  /** Sends every request on to another server. */
  redirect(to: string): void;
  /** Answers requests for a path with this end for ever. */
  flood(path: string): void;
  /** Paths that begin so are not there. */
  hide(prefix: string): void;
  /** Says nothing of ranges, and sends all. */
  ignoreRanges(): void;
  close(): Promise<void>;
}

/** Serves the files below `root` until the test ends. */
export async function serveImages(
  t: Pick<TestContext, 'after'>,
  root: string,
  tls?: { readonly key: string; readonly certificate: string },
): Promise<ImageServer> {
  const state = {
    cut: undefined as { path: string; after: number } | undefined,
    status: 0,
    target: '',
    flood: undefined as string | undefined,
    hidden: [] as string[],
    ranges: true,
  };
  const requests: ServedRequest[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    // lxc-download writes `//meta`, which would be a host.
    const path = decodeURIComponent(new URL((request.url ?? '/').replace(/^\/+/, '/'), 'http://x').pathname);
    requests.push({ method: request.method ?? '', path, range: request.headers.range ?? '' });
    const file = join(root, normalize(path));
    if (state.target !== '') {
      response.writeHead(302, { location: `${state.target}${path}` }).end();
    } else if (state.flood !== undefined && path.endsWith(state.flood)) {
      pour(response);
    } else if (state.status !== 0) {
      response.writeHead(state.status).end();
      state.status = 0;
    } else if (
      state.hidden.some(prefix => path.startsWith(prefix)) ||
      !existsSync(file) ||
      !statSync(file).isFile()
    ) {
      response.writeHead(404).end('not here\n');
    } else send(request, response, readFileSync(file), state, path);
  };
  const server = tls
    ? createTlsServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, answer)
    : createServer(answer);
  const port = await listen(server);
  const close = () => closed(server);
  t.after(close);
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    cutNext: (path, after) => {
      state.cut = { path, after };
    },
    failNext: status => {
      state.status = status;
    },
    redirect: to => {
      state.target = to;
    },
    flood: path => {
      state.flood = path;
    },
    hide: prefix => void state.hidden.push(prefix),
    ignoreRanges: () => {
      state.ranges = false;
    },
    close,
  };
}

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, '[');
  const more = () => {
    while (response.write(chunk));
  };
  response.on('drain', more).on('error', () => {});
  more();
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  state: { cut: { path: string; after: number } | undefined; ranges: boolean },
  path: string,
): void {
  const from = state.ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  const part = bytes.subarray(from);
  const head = { 'content-length': part.length };
  if (from > 0)
    response.writeHead(206, {
      ...head,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    });
  else response.writeHead(200, head);
  if (request.method === 'HEAD') {
    response.end();
  } else if (state.cut !== undefined && path.endsWith(state.cut.path)) {
    const { after } = state.cut;
    state.cut = undefined;
    response.write(part.subarray(0, after), () => response.destroy());
  } else response.end(part);
}

/** A proxy for http and https that knows where names without an address are. */
export async function serveProxy(
  t: Pick<TestContext, 'after'>,
  target: string,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const { port: targetPort } = new URL(target);
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { pathname } = new URL(request.url ?? '/');
    const onward = httpRequest(
      { host: '127.0.0.1', port: targetPort, path: pathname, method: request.method },
      answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.on('connect', (request, client, head) => {
    asked.push(`CONNECT ${request.url}`);
    const upstream = connect(Number(targetPort), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    for (const end of [client, upstream]) end.on('error', () => end.destroy());
  });
  const port = await listen(server);
  t.after(() => closed(server));
  return { url: `http://127.0.0.1:${port}`, asked };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>(resolve => server.close(() => resolve()));
}

/** An authority of our own, and a certificate of it for 127.0.0.1 and images.test. */
export function makeCertificates(directory: string): { authority: string; key: string; certificate: string } {
  const at = (name: string) => join(directory, name);
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe', cwd: directory });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=tslxctest',
    '-days',
    '2',
  );
  openssl('req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=images.test');
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:images.test\n');
  const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2'];
  openssl('x509', '-req', '-in', 'server.csr', ...sign, '-out', 'server.pem');
  return { authority: at('ca.pem'), key: at('server.key'), certificate: at('server.pem') };
}
