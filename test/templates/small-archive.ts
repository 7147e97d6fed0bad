// A small archive that the test signs, its mirrors, and what our templates say to them.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { makePool, makeSuite } from './debian-repo.ts';
import { type Answer, folder, type Loopback, loopback } from './loopback.ts';
import { type ThrowAwayKey, throwAwayKey } from './throw-away-key.ts';

export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SmallArchive {
  readonly directory: string;
  readonly archiveKey: ThrowAwayKey;
  readonly otherKey: ThrowAwayKey;
}

/** Suites of Ubuntu, Devuan and Kali in DIRECTORY; no security suite of Devuan. */
export function smallArchive(t: Pick<TestContext, 'after'>, directory: string): SmallArchive {
  const archiveKey = throwAwayKey(t, 'archive <archive@example.org>');
  const otherKey = throwAwayKey(t, 'other <other@example.org>');
  makePool(directory, { 'ubuntu-keyring': archiveKey.file }, ['openssh-server', 'hello']);
  const ubuntu = ['main', 'universe'];
  for (const suite of [
    { name: 'noble', components: ubuntu },
    { name: 'noble-updates', components: ubuntu },
    { name: 'noble-security', components: ubuntu },
    { name: 'excalibur', components: ['main'] },
    { name: 'stable', codename: 'excalibur', components: ['main'] },
    { name: 'excalibur-updates', components: ['main'] },
    { name: 'kali-rolling', components: ['main', 'contrib', 'non-free', 'non-free-firmware'] },
  ])
    makeSuite(directory, suite, archiveKey);
  return { directory, archiveKey, otherKey };
}

export type Change = (path: string) => Answer | undefined;

/** Serves the archive, with what `change` puts in the place of some files. */
export async function mirrorOf(
  t: TestContext,
  directory: string,
  change: Change = () => undefined,
): Promise<Loopback> {
  const file = folder(directory);
  return await loopback(t, path => change(path) ?? file(path));
}

/** The phase that finds out what the mirror offers, by itself: what it refuses, create refuses. */
export async function look(
  distribution: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Said> {
  const program = join(installation().templates, `tslxc-${distribution}`);
  const child = spawn(program, ['--phase=look', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk;
    });
  const status = await new Promise<number>(resolve => child.once('close', code => resolve(code ?? -1)));
  return { status, ...said };
}

/** Answers over https; a text is where else to look. `env` makes curl and apt trust it. */
export async function secureServer(
  t: TestContext,
  directory: string,
  answer: (path: string) => Answer,
): Promise<{ url: string; env: Readonly<Record<string, string>> }> {
  const [key, cert, apt] = ['tls.key', 'tls.crt', 'apt.conf'].map(name => join(directory, name)) as [
    string,
    string,
    string,
  ];
  if (!existsSync(key)) makeCertificate(key, cert);
  writeFileSync(apt, `Acquire::https::CAInfo "${cert}";\n`);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const what = answer(request.url ?? '/');
    if (typeof what === 'number') response.statusCode = what;
    if (typeof what === 'string') response.writeHead(302, { location: what });
    response.end(typeof what === 'object' ? what : '');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `https://127.0.0.1:${address.port}`, env: { APT_CONFIG: apt, CURL_CA_BUNDLE: cert } };
}

function makeCertificate(key: string, cert: string): void {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
}
