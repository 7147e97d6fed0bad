// An Alpine mirror of the test's own: the shared packages, an apk-tools-static beside them, and an index of all that a key made for
// one test has signed.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folder, sharedData } from './loopback.ts';

const shared = sharedData('alpine');
/** Why tests of Alpine are skipped, or false. */
export const skip = shared.skip;
export const DATA = shared.directory;
/** The public half of the key that signed the shared packages. */
export const KEY = join(DATA, 'apk-repo/tslxc-test.rsa.pub');
export const MINIROOTFS = join(DATA, 'alpine-minirootfs-3.13.12-x86_64.tar.gz');
/** The shared mirror of 3.13. */
export const repository = folder(join(DATA, 'apk-repo'));

export interface OwnRepository {
  /** The public key, called as the index calls it. */
  readonly key: string;
  /** What the mirror has instead of, or beside, the shared data. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly index: string;
  readonly package: string;
}

const PLACE = '/v3.13/main/x86_64';
const VERSION = '2.12.7-r0';
const OWN_KEY = 'own@example.org-1.rsa.pub';

const hash = (kind: 'sha1' | 'sha256', bytes: Buffer): Buffer =>
  execFileSync('openssl', ['dgst', `-${kind}`, '-binary'], { input: bytes });

/** A tar file in gzip; without the end of an archive where another stream follows. */
function stream(directory: string, names: readonly string[], last: boolean): Buffer {
  const words = ['--numeric-owner', '--owner=0', '--group=0', '-cf', '-', ...names];
  let bytes = execFileSync('tar', ['-C', directory, ...words], { maxBuffer: 1 << 26 });
  if (!last)
    while (bytes.length >= 512 && bytes.subarray(-512).every(byte => byte === 0))
      bytes = bytes.subarray(0, -512);
  return execFileSync('gzip', ['-9n'], { input: bytes, maxBuffer: 1 << 26 });
}

/** Makes it in `directory`. */
export function ownRepository(directory: string): OwnRepository {
  const place = (name: string, text: string | Buffer): string => {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const secret = join(directory, 'secret.pem');
  execFileSync('openssl', ['genrsa', '-out', secret, '2048'], { stdio: 'ignore' });
  const key = place(
    OWN_KEY,
    execFileSync('openssl', ['rsa', '-in', secret, '-pubout'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const signed = (bytes: Buffer): Buffer => {
    const signature = execFileSync('openssl', ['dgst', '-sha1', '-sign', secret], { input: bytes });
    place(`signature/.SIGN.RSA.${OWN_KEY}`, signature);
    return Buffer.concat([stream(join(directory, 'signature'), [`.SIGN.RSA.${OWN_KEY}`], false), bytes]);
  };

  const files = stream(packTools(directory), ['sbin', 'lib'], true);
  place(
    'control/.PKGINFO',
    `pkgname = apk-tools-static\npkgver = ${VERSION}\narch = x86_64\ndatahash = ${hash('sha256', files).toString('hex')}\n`,
  );
  const control = stream(join(directory, 'control'), ['.PKGINFO'], false);
  const made = signed(Buffer.concat([control, files]));

  const packages = execFileSync(
    'tar',
    ['-xzOf', join(DATA, `apk-repo${PLACE}/APKINDEX.tar.gz`), 'APKINDEX'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const entry = [
    `C:Q1${hash('sha1', control).toString('base64')}`,
    'P:apk-tools-static',
    `V:${VERSION}`,
    'A:x86_64',
    `S:${made.length}`,
    'I:1',
  ];
  place('index/APKINDEX', `${packages.trimEnd()}\n\n${entry.join('\n')}\n\n`);
  const index = `${PLACE}/APKINDEX.tar.gz`;
  const apk = `${PLACE}/apk-tools-static-${VERSION}.apk`;
  const answers = { [index]: signed(stream(join(directory, 'index'), ['APKINDEX'], true)), [apk]: made };
  return { key, files: answers, index, package: apk };
}

/** Nobody here has a static apk: this one brings its libraries, and a script in its name. */
function packTools(directory: string): string {
  const tree = join(directory, 'minirootfs');
  const tools = join(directory, 'tools');
  mkdirSync(tree);
  mkdirSync(join(tools, 'sbin'), { recursive: true });
  execFileSync('tar', ['-C', tree, '-xzf', MINIROOTFS]);
  cpSync(join(tree, 'lib'), join(tools, 'lib'), { recursive: true, verbatimSymlinks: true });
  copyFileSync(join(tree, 'sbin/apk'), join(tools, 'lib/apk-program'));
  rmSync(tree, { recursive: true });
  const script =
    '#!/bin/sh\nlib=$(dirname "$0")/../lib\nexec "$lib/ld-musl-x86_64.so.1" --library-path "$lib" "$lib/apk-program" "$@"\n';
  writeFileSync(join(tools, 'sbin/apk.static'), script);
  chmodSync(join(tools, 'sbin/apk.static'), 0o755);
  return tools;
}
