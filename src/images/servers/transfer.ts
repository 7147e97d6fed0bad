// One file of a server: tried again when the network hiccups, gone on with where it stopped, never longer than it may be.

import { setTimeout as delay } from 'node:timers/promises';
import { TslxcError } from '../../base/errors.ts';
import { curl } from '../../host/curl.ts';

export interface Transfer {
  readonly url: string;
  /** More bytes than this are refused. */
  readonly mostBytes: number;
  /** Bytes that are there from an earlier try. */
  readonly fromByte?: number;
  readonly maxSeconds?: number;
  /** How often a try that got nothing is repeated; default 2. */
  readonly retries?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Gets the bytes in order. */
  readonly take: (chunk: Buffer) => Promise<void> | void;
  /** What was taken is worth nothing: the server begins anew. */
  readonly restart: () => Promise<void> | void;
}

const PAUSES_MS = [1000, 3000];

/** Throws SERVER_UNREACHABLE and DOWNLOAD_FAILED with the cause, DOWNLOAD_TOO_LARGE. Resolves to false when the server has no such file. */
export async function transfer(request: Transfer): Promise<boolean> {
  let at = request.fromByte ?? 0;
  const take = async (chunk: Buffer) => {
    at += chunk.length;
    if (at > request.mostBytes) throw tooLarge(request);
    await request.take(chunk);
  };
  for (let failures = 0; ; ) {
    const before = at;
    const end = await curl({ ...request, fromByte: at }, take);
    request.signal?.throwIfAborted();
    if (end.kind === 'done') return true;
    if (end.kind === 'missing') return false;
    if (end.kind === 'cannotResume') {
      if (before === 0) throw failed(request, 'the server refuses to send it', false);
      at = 0;
      await request.restart();
      continue;
    }
    // A try that got something on is no failure of the same place.
    failures = at > before ? 0 : failures + 1;
    if (!end.again || failures > (request.retries ?? PAUSES_MS.length))
      throw failed(request, end.cause, end.again);
    await delay(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] ?? 100, undefined, abortable(request));
  }
}

const abortable = ({ signal }: Transfer) => (signal === undefined ? {} : { signal });

function failed({ url }: Transfer, cause: string, mayPass: boolean): TslxcError {
  return new TslxcError(mayPass ? 'SERVER_UNREACHABLE' : 'DOWNLOAD_FAILED', `can't get ${url}: ${cause}`);
}

function tooLarge({ url, mostBytes }: Transfer): TslxcError {
  return new TslxcError(
    'DOWNLOAD_TOO_LARGE',
    `${url} is larger than ${mostBytes} bytes, which it may not be`,
  );
}
