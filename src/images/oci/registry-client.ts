// Talks to a registry: logs in where it is asked to, follows where it keeps its blobs, tries again while the network hiccups.

import { setTimeout as delay } from 'node:timers/promises';
import { TslxcError } from '../../base/errors.ts';
import { type HttpAnswer, HttpFailure, httpGet } from '../../host/http.ts';
import { LARGEST_DOCUMENT_BYTES, parseDocument } from './image.ts';
import { isLoopback, type RegistryReference, registryHost } from './reference.ts';
import { type Credentials, challengeOf, tokenOf, tokenRequest } from './registry-login.ts';

export interface ClientOptions {
  readonly credentials?: Credentials;
  /** http, and certificates that nobody signed, also where they are not on this host. */
  readonly insecure: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A whole document. Throws IMAGE_INVALID when it is too large for one. */
export async function collect(body: AsyncIterable<Buffer>, origin: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let count = 0;
  try {
    for await (const chunk of body) {
      count += chunk.length;
      if (count > LARGEST_DOCUMENT_BYTES)
        throw new TslxcError('IMAGE_INVALID', `a document of ${origin} is too large`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    throw new TslxcError('DOWNLOAD_FAILED', `a document of ${origin} breaks off: ${error.message}`);
  }
  return Buffer.concat(chunks);
}

const MOST_REDIRECTIONS = 5;
const PAUSES_MS = [1000, 3000];

/** Talks to one registry about one repository. */
export class RegistryClient {
  readonly #reference: RegistryReference;
  readonly #options: ClientOptions;
  readonly #mayBePlain: boolean;
  #base: Promise<string> | undefined;
  #authorization: string | undefined;

  constructor(reference: RegistryReference, options: ClientOptions) {
    this.#reference = reference;
    this.#options = options;
    this.#mayBePlain = options.insecure || isLoopback(reference.host);
  }

  /** An answer of 2xx or 404. Throws DOWNLOAD_FAILED, REGISTRY_DENIED. */
  async get(path: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const answer = await this.#patiently(path, headers);
    if (answer.status < 300 || answer.status === 404) return answer;
    const said = saidBy(await collect(answer.body, this.#reference.host).catch(() => Buffer.alloc(0)));
    const { host, repository } = this.#reference;
    if (answer.status === 401 || answer.status === 403)
      throw new TslxcError(
        'REGISTRY_DENIED',
        `${host} does not give ${repository}: ${said || answer.status}`,
        {
          hint:
            this.#options.credentials === undefined
              ? 'give --username and --password-file, if it is there for some'
              : 'see whether name and password are right, and may read it',
        },
      );
    throw this.#failed(`it answers ${answer.status}${said === '' ? '' : `: ${said}`}`);
  }

  /** A small blob. Throws DOWNLOAD_FAILED when there is none, too. */
  async blob(digest: string): Promise<Buffer> {
    const { status, body } = await this.get(`blobs/${digest}`, {});
    if (status === 404) throw this.#failed(`it has no blob ${digest}`);
    return await collect(body, this.#reference.host);
  }

  /** Sends a blob's bytes to `take`; goes on where it broke off. False: not from there on. */
  async download(path: string, fromByte: number, take: (chunk: Buffer) => Promise<void>): Promise<boolean> {
    let at = fromByte;
    for (let failures = 0; ; ) {
      const before = at;
      const answer = await this.get(path, at === 0 ? {} : { range: `bytes=${at}-` });
      if (answer.status === 404) throw this.#failed(`it has no ${path}`);
      if (at > 0 && answer.status !== 206) {
        answer.discard();
        return false;
      }
      try {
        for await (const chunk of answer.body) {
          await take(chunk);
          at += chunk.length;
        }
        return true;
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        // A try that got something on is no failure of the same place.
        failures = at > before ? 0 : failures + 1;
        if (failures > PAUSES_MS.length) throw this.#failed(error.message);
        if (failures > 0) await delay(PAUSES_MS[failures - 1]);
      } finally {
        answer.discard();
      }
    }
  }

  /** Tried again while the network or the server hiccups. */
  async #patiently(path: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    for (let tries = 0; ; tries++) {
      const isLast = tries >= PAUSES_MS.length;
      try {
        const answer = await this.#authorized(path, headers);
        if (isLast || (answer.status < 500 && answer.status !== 429)) return answer;
        answer.discard();
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        if (isLast) throw this.#failed(error.message);
      }
      await delay(PAUSES_MS[tries]);
    }
  }

  /** Logs in when it is asked to. */
  async #authorized(path: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    this.#base ??= this.#findBase();
    const url = `${await this.#base}/v2/${this.#reference.repository}/${path}`;
    const answer = await this.#following(url, this.#withLogin(headers));
    const asked = answer.headers['www-authenticate'];
    if (answer.status !== 401 || asked === undefined) return answer;
    answer.discard();
    this.#authorization = await this.#logIn(asked);
    return await this.#following(url, this.#withLogin(headers));
  }

  #withLogin(headers: Readonly<Record<string, string>>): Record<string, string> {
    return this.#authorization === undefined
      ? { ...headers }
      : { ...headers, authorization: this.#authorization };
  }

  async #logIn(asked: string): Promise<string> {
    const { host, repository } = this.#reference;
    const challenge = challengeOf(asked, host);
    const request = tokenRequest(challenge, repository, this.#options.credentials, host);
    if ('authorization' in request) return request.authorization;
    this.#checkScheme(request.url);
    const answer = await this.#following(request.url, request.headers);
    const body = await collect(answer.body, new URL(request.url).host);
    if (answer.status === 200) return `Bearer ${tokenOf(body, request.url)}`;
    throw new TslxcError(
      'REGISTRY_DENIED',
      `${new URL(request.url).host} gives no leave to read ${repository} of ${host}: ${saidBy(body) || answer.status}`,
      {
        hint: 'see whether --username and the password are right',
      },
    );
  }

  /** Goes where the registry keeps its blobs; what is for the registry alone is not told there. */
  async #following(first: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    let url = first;
    let told = headers;
    for (let count = 0; count <= MOST_REDIRECTIONS; count++) {
      const answer = await this.#ask(url, told);
      const location = answer.headers['location'];
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
      answer.discard();
      const next = URL.canParse(location, url) ? new URL(location, url).href : '';
      this.#checkScheme(next);
      if (new URL(next).origin !== new URL(url).origin) {
        const { authorization: _, ...public_ } = told;
        told = public_;
      }
      url = next;
    }
    throw this.#failed('it sends from one address to the next without end');
  }

  /** Nothing goes over http unless both ends are on this host, or the user said so. */
  #checkScheme(url: string): void {
    const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' };
    if (protocol === 'https:') return;
    if (protocol === 'http:' && (this.#options.insecure || (this.#mayBePlain && isLoopback(host)))) return;
    throw this.#failed(`it sends to ${JSON.stringify(url)}, which is not https`);
  }

  #ask(url: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    return httpGet({ url, headers, env: this.#options.env, insecure: this.#options.insecure });
  }

  /** https, or http where that may be and https is not there. */
  async #findBase(): Promise<string> {
    const host = registryHost(this.#reference.host);
    if (!this.#mayBePlain) return `https://${host}`;
    const causes: string[] = [];
    for (const base of [`https://${host}`, `http://${host}`]) {
      try {
        (await this.#ask(`${base}/v2/`, {})).discard();
        return base;
      } catch (error) {
        if (!(error instanceof HttpFailure)) throw error;
        causes.push(error.message);
      }
    }
    throw this.#failed(causes[0] ?? '');
  }

  #failed(cause: string): TslxcError {
    return new TslxcError('DOWNLOAD_FAILED', `the registry ${this.#reference.host} fails: ${cause}`);
  }
}

/** The first message of an error document, as one plain line. */
function saidBy(body: Buffer): string {
  try {
    const { errors, message, details } = parseDocument(body, 'an answer') as Record<string, unknown>;
    const first = Array.isArray(errors) ? (errors[0] as { message?: unknown }).message : (message ?? details);
    return typeof first === 'string' ? first.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, 200) : '';
  } catch {
    return '';
  }
}
