// Whom the alpine template believes, and what it refuses.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { assertRestored, watched } from '../system/live.ts';
import { DATA, KEY, MINIROOTFS, ownRepository, repository, skip } from './alpine-repo.ts';
import { makeCertificates } from './image-server.ts';
import { type Answer, flipped, loopback } from './loopback.ts';
import { entriesOf } from './places.ts';

const PACKAGES = '/v3.13/main/x86_64';

test('what is not signed by a trusted key, or not what the signed index says, is refused', {
  skip,
}, async t => {
  const h = harness(t);
  const bytes = (path: string): Buffer => readFileSync(join(DATA, 'apk-repo', path));
  const INDEX = `${PACKAGES}/APKINDEX.tar.gz`;
  const tools = `${PACKAGES}/apk-tools-2.12.7-r0.apk`;
  const openrc = `${PACKAGES}/openrc-0.42.1-r19.apk`;
  const musl = `${PACKAGES}/musl-1.2.2-r1.apk`;
  const attacks: [string, Record<string, Buffer>, RegExp][] = [
    [
      'a bit of the index',
      { [INDEX]: flipped(bytes(INDEX), -100) },
      /APKINDEX.tar.gz: its signature is not by the key/,
    ],
    [
      'an index without a signature',
      { [INDEX]: unsigned(bytes(INDEX)) },
      /APKINDEX.tar.gz is not (signed|a signed file)/,
    ],
    [
      'a bit of apk, which would run here',
      { [tools]: flipped(bytes(tools), -9000) },
      /apk-tools-2.12.7-r0.apk is not what the signed index says/,
    ],
    ['a bit of its control part', { [tools]: flipped(bytes(tools), 500) }, /apk-tools-2.12.7-r0.apk is not/],
    [
      'one package in the place of another',
      { [musl]: bytes(openrc) },
      /musl-1.2.2-r1.apk is not what the signed index says/,
    ],
    [
      'a bit of a package that is installed',
      { [openrc]: flipped(bytes(openrc), -9000) },
      /apk can't install .*openrc/,
    ],
  ];
  for (const [what, instead, message] of attacks) {
    const { url } = await loopback(t, path => instead[path] ?? repository(path));
    const refused = await h.run('create', [
      ...['-n', h.name('x'), '-t', 'alpine', '--', '-r', '3.13', '--mirror', url, '--keyring', KEY],
    ]);
    assert.equal(refused.status, 1, what);
    assert.match(refused.stderr, message, what);
    assert.deepEqual(entriesOf(h), [], what);
  }
});

/** Without its first gzip stream, which is the signature. */
function unsigned(index: Buffer): Buffer {
  return index.subarray(index.indexOf(Buffer.from([0x1f, 0x8b, 0x08]), 1));
}

const sha256 = (bytes: Uint8Array): string =>
  execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);

/** The mirror with a minirootfs, of which its list of releases promises a digest. */
function mirrorWith(minirootfs: Buffer, promised: string): (path: string) => Answer {
  const releases = '/v3.13/releases/x86_64';
  const other = ['---', '-', '  flavor: alpine-standard', '  file: other.iso', `  sha256: ${'0'.repeat(64)}`];
  const ours = ['-', '  title: "Mini root filesystem"', '  branch: v3.13', '  flavor: alpine-minirootfs'];
  const more = ['  file: alpine-minirootfs-3.13.12-x86_64.tar.gz', `  sha256: ${promised}`];
  const yaml = [...other, ...ours, ...more, '-', '  flavor: alpine-virt', ''].join('\n');
  return path => {
    if (path === `${releases}/latest-releases.yaml`) return yaml;
    return path.startsWith(releases) ? minirootfs : repository(path);
  };
}

test('a minirootfs from a server is trusted by digest, or by the word of somebody at a terminal', {
  skip,
}, async t => {
  const h = harness(t);
  const minirootfs = readFileSync(MINIROOTFS);
  const digest = sha256(minirootfs);
  const mirror = (promised: string) => loopback(t, mirrorWith(minirootfs, promised));
  const create = async (url: string, ...more: string[]) =>
    h.run('create', ['-n', h.name('x'), '-t', 'alpine', '--', '-r', '3.13', '--mirror', url, ...more]);
  const cases: [string, string[], RegExp][] = [
    [digest, [], /nothing vouches for http.*minirootfs-3.13.12.*--minirootfs-sha256/],
    ['1'.repeat(64), [], /has the sha256 [0-9a-f]{64}, not 1{64} as latest-releases.yaml says/],
    [digest, ['--minirootfs-sha256', '2'.repeat(64)], /has the sha256 [0-9a-f]{64}, not 2{64}/],
    // Its keys are Alpine's own, and this mirror's packages are signed by another.
    [digest, ['--minirootfs-sha256', digest], /apk can't install alpine-base.*UNTRUSTED/],
  ];
  for (const [promised, more, message] of cases) {
    const { status, stderr } = await create((await mirror(promised)).url, ...more);
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
});

/** Alpine's minirootfs with one more key in it: as if this mirror were Alpine's. */
function ownMinirootfs(h: Harness): Buffer {
  const tree = join(h.directory, 'minirootfs');
  mkdirSync(tree);
  execFileSync('tar', ['-C', tree, '-xzf', MINIROOTFS]);
  copyFileSync(KEY, join(tree, 'etc/apk/keys', basename(KEY)));
  return execFileSync('tar', ['-C', tree, '-czf', '-', '.'], { maxBuffer: 1 << 26 });
}

test('over https, with no key on this host: a person is asked, and nobody else', { skip }, async t => {
  const h = harness(t);
  const minirootfs = ownMinirootfs(h);
  const digest = sha256(minirootfs);
  const { authority, ...tls } = makeCertificates(h.directory);
  const answer = mirrorWith(minirootfs, digest);
  const { url } = await loopback(t, answer, { tls });
  const env = { ...h.env, CURL_CA_BUNDLE: authority };
  const name = h.name('s');
  const words = ['-n', name, '-t', 'alpine', '--', '-r', '3.13', '--mirror', url];

  const alone = await h.run('create', words, { env });
  assert.equal(alone.status, 1);
  assert.match(
    alone.stderr,
    new RegExp(`has the sha256 ${digest}; compare it, then give --minirootfs-sha256 ${digest}`),
  );

  const program = join(installation().root, 'dist/bin/tslxc-create');
  const no = watched(t, program, words, env);
  await no.see(digest);
  await no.see('Type yes to trust it');
  no.write('no\r');
  await no.see('is not trusted');
  await no.see('status 1');
  await assertRestored(no);
  assert.deepEqual(entriesOf(h), []);

  const yes = watched(t, program, words, env);
  await yes.see('Type yes to trust it');
  yes.write('yes\r');
  await yes.see("root's password");
  await yes.see('status 0');
  await assertRestored(yes);
  assert.deepEqual(entriesOf(h), [name]);
});

test('apk-tools-static of a mirror installs, and does not run where a bit of it is another', {
  skip,
}, async t => {
  const h = harness(t);
  const own = ownRepository(h.directory);
  const create = async (more: Readonly<Record<string, Buffer>>, key = own.key) => {
    const { url, asked } = await loopback(t, path => more[path] ?? own.files[path] ?? repository(path));
    const words = ['-t', 'alpine', '--', '-r', '3.13', '--mirror', url, '--keyring', key];
    return { ...(await h.run('create', ['-n', h.name('t'), ...words])), asked };
  };
  const bytes = own.files[own.package] ?? Buffer.alloc(0);
  // In the signature of the package nobody looks: the index says what the package is.
  const places: [string, number][] = [
    ['the control part', bytes.indexOf(Buffer.from([0x1f, 0x8b]), 2) + 30],
    ['the first file', Math.floor(bytes.length / 3)],
    ['the last byte of the files', -12],
  ];
  for (const [what, at] of places) {
    const { status, stderr } = await create({ [own.package]: flipped(bytes, at) });
    assert.equal(status, 1, what);
    assert.match(
      stderr,
      /apk-tools-static-2\.12\.7-r0\.apk is not (a package|what the signed index says)/,
      what,
    );
  }
  const other = await create({}, KEY);
  assert.match(
    other.stderr,
    /is signed by own@example\.org-1\.rsa\.pub, which is none of the keys that are trusted/,
  );
  assert.deepEqual(entriesOf(h), []);

  const { status, stderr, asked } = await create({});
  assert.equal(status, 0, stderr);
  assert.ok(asked.includes(own.package), 'the static apk was not asked for');
  const rootfs = (await h.ok('mount', ['-n', h.name('t')])).stdout.trim();
  assert.ok(existsSync(join(rootfs, 'sbin/openrc')));
  assert.ok(existsSync(join(rootfs, 'etc/apk/keys/own@example.org-1.rsa.pub')));
  await h.ok('umount', ['-n', h.name('t')]);
});
