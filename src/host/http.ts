// One GET, by curl: it knows this host's proxies and certificates, which Node 20 does not. What is secret goes in by its stdin, for
// arguments are seen by all. Redirections are the caller's to follow: not every server may see what was meant for the first.

import { streamProgram } from './stream-program.ts';

export interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole environment: http_proxy, https_proxy, no_proxy, SSL_CERT_FILE. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Certificates are not checked. */
  readonly insecure?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** By names in small letters; the last of each. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws HttpFailure when it breaks off. Whoever does not read it calls `discard`. */
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
}

/** There is no (whole) answer: curl's own words. Another try may do better. */
export class HttpFailure extends Error {}

const HEAD_END = '\r\n\r\n';
const MOST_HEAD_BYTES = 256 << 10;
const ARGUMENTS = [
  ...[
    '--disable',
    '--config',
    '-',
    '--silent',
    '--show-error',
    '--include',
    '--suppress-connect-headers',
    '--globoff',
  ],
  ...['--proto', '=http,https', '--connect-timeout', '20', '--speed-limit', '1', '--speed-time', '30'],
];

/** Asks, and returns when the head of the answer is there. Throws HttpFailure. */
export async function httpGet(request: HttpRequest): Promise<HttpAnswer> {
  const curl = streamProgram('curl', request.insecure ? ['--insecure', ...ARGUMENTS] : ARGUMENTS, {
    env: { ...request.env, LC_ALL: 'C' },
  });
  curl.stdin.end(configOf(request));
  const chunks = curl.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf(HEAD_END);
    if (end < 0) {
      const { done, value } = await chunks.next();
      if (done) throw new HttpFailure(causeOf((await curl.ended).text));
      read = Buffer.concat([read, value]);
      if (read.length < MOST_HEAD_BYTES || read.includes(HEAD_END)) continue;
      curl.kill();
      throw new HttpFailure('its answer has no end of its head');
    }
    const head = parseHead(read.toString('latin1', 0, end));
    read = read.subarray(end + HEAD_END.length);
    // 1xx: the answer proper comes after it.
    if (head.status >= 100 && head.status < 200) continue;
    return { ...head, body: bodyOf(read, chunks, curl.ended), discard: () => curl.kill() };
  }
}

/** Lines of a curl config; a quoted value may hold anything but a line's end. */
function configOf({ url, headers }: HttpRequest): string {
  const lines = [
    ['url', url],
    ...Object.entries(headers).map(([name, value]) => ['header', `${name}: ${value}`]),
  ];
  return lines
    .map(
      ([key, value = '']) => `${key} = "${value.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]/g, '')}"\n`,
    )
    .join('');
}

function parseHead(head: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(/^HTTP\/\S+ (\d{3})/.exec(first)?.[1] ?? 0), headers: Object.fromEntries(pairs) };
}

async function* bodyOf(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
  ended: Promise<{ readonly ok: boolean; readonly text: string }>,
): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  const { ok, text } = await ended;
  if (!ok) throw new HttpFailure(causeOf(text));
}

function causeOf(text: string): string {
  const said = /^curl: \(\d+\) (.*)$/m.exec(text)?.[1];
  return said ?? (text.split('\n').at(-1) || 'no answer');
}
