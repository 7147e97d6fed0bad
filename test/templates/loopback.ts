// A mirror on the loopback address: a folder as it is, or with what a test puts in the place of some files.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join, normalize } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';

/** A file's bytes, or the status of an error. */
export type Answer = Uint8Array | string | number;

export interface Loopback {
  readonly url: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
}

/** Where it listens: another address for guests, https with a certificate. */
export interface LoopbackOptions {
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** Serves what `answer` gives for a path that starts with a slash, until the test ends. */
export async function loopback(
  t: TestContext,
  answer: (path: string) => Answer,
  { host = '127.0.0.1', tls }: LoopbackOptions = {},
): Promise<Loopback> {
  const asked: string[] = [];
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(request.url ?? '/');
    asked.push(path);
    const what = answer(path);
    response.statusCode = typeof what === 'number' ? what : 200;
    response.end(typeof what === 'number' ? '' : what);
  };
  const server = tls
    ? createSecureServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, serve)
    : createServer(serve);
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `${tls ? 'https' : 'http'}://${host}:${address.port}`, asked };
}

/** Answers with files of a folder; 404 for what is not there. */
export function folder(directory: string): (path: string) => Answer {
  return path => {
    const file = join(directory, normalize(path));
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : 404;
  };
}

/** The bytes with one bit of the byte at `offset` (from the end when negative) the other way. */
export function flipped(bytes: Uint8Array, offset: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = offset < 0 ? copy.length + offset : offset;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** The shared test data beside the repository, or why a test that needs it is skipped. */
export function sharedData(part: string): { directory: string; skip: false | string } {
  const directory = join(installation().root, '../shared/data', part);
  return { directory, skip: existsSync(directory) ? false : `the shared data ${directory} is not there` };
}
