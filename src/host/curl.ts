// Gets bytes from http servers with curl: Node 20 knows neither proxies nor this host's certificates, and curl knows both as every
// other program of the host does (http_proxy, https_proxy, no_proxy, SSL_CERT_FILE, CURL_CA_BUNDLE).

import { startPrinting } from './piped-program.ts';

export interface CurlRequest {
  readonly url: string;
  /** Only bytes from here on; a server that can't is an end with `cannotResume`. */
  readonly fromByte: number;
  /** The longest that the whole may take; a server that sends nothing for 30 s is given up in any case. */
  readonly maxSeconds?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export type CurlEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'cannotResume' }
  /** `again`: another try may do better. */
  | { readonly kind: 'failed'; readonly cause: string; readonly again: boolean };

/** Fetches the file; `take` gets its bytes in order, and stops everything by throwing. */
export async function curl(
  request: CurlRequest,
  take: (chunk: Buffer) => Promise<void> | void,
): Promise<CurlEnd> {
  const { env, signal } = request;
  const printing = startPrinting(
    'curl',
    curlArguments(request, ['--write-out', '%{stderr}\nHTTP %{http_code}']),
    {
      env: { ...env, LC_ALL: 'C' },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  try {
    for await (const chunk of printing.output) await take(chunk as Buffer);
  } catch (error) {
    printing.output.destroy();
    await printing.ended;
    throw error;
  }
  return meaning(await printing.ended);
}

/** What the server says its length is, or undefined when it does not say. */
export async function lengthOf(request: Omit<CurlRequest, 'fromByte'>): Promise<number | undefined> {
  const { env, signal } = request;
  const words = curlArguments({ ...request, fromByte: 0 }, ['--head']);
  const printing = startPrinting('curl', words, { env, ...(signal === undefined ? {} : { signal }) });
  let text = '';
  for await (const chunk of printing.output) text = (text + String(chunk)).slice(-MOST_HEADER_CHARACTERS);
  await printing.ended;
  const length = [...text.matchAll(/^content-length: *(\d{1,15})\r?$/gim)].at(-1)?.[1];
  return length === undefined ? undefined : Number(length);
}

const MOST_HEADER_CHARACTERS = 64 * 1024;

function curlArguments(request: CurlRequest, more: readonly string[]): string[] {
  const schemes = request.url.startsWith('https:') ? '=https' : '=http,https';
  return [
    '--disable', // no ~/.curlrc: it may say "insecure"
    '--silent',
    '--show-error',
    '--fail',
    ...['--location', '--max-redirs', '5', '--proto', schemes, '--proto-redir', schemes],
    ...['--connect-timeout', '20', '--speed-limit', '1', '--speed-time', '30'],
    ...(request.maxSeconds === undefined ? [] : ['--max-time', String(request.maxSeconds)]),
    ...(request.fromByte === 0 ? [] : ['--continue-at', String(request.fromByte)]),
    ...more,
    '--',
    request.url,
  ];
}

const STATUS = { ok: 0, rangeRefused: 33, httpError: 22 };

/** Exit statuses of curl after which another try may do better: names, connections, time, bytes that stop. */
const PASSING = new Set([5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92]);

function meaning(end: { status: number; stderr: string; startError: string | undefined }): CurlEnd {
  if (end.startError !== undefined)
    return { kind: 'failed', cause: `curl can't be started: ${end.startError}`, again: false };
  const http = Number(/HTTP (\d{3})$/.exec(end.stderr)?.[1] ?? 0);
  if (end.status === STATUS.ok) return { kind: 'done' };
  if (end.status === STATUS.rangeRefused || http === 416) return { kind: 'cannotResume' };
  // Servers that show no directories answer 403 for a file that is not there.
  if ([403, 404, 410].includes(http)) return { kind: 'missing' };
  const said = /^curl: \(\d+\) (.*)$/m.exec(end.stderr)?.[1] ?? `curl ended with status ${end.status}`;
  const isServers = end.status === STATUS.httpError && (http >= 500 || http === 429 || http === 408);
  return { kind: 'failed', cause: said, again: isServers || PASSING.has(end.status) };
}
