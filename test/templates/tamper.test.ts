// A few of the attacks of test/full/tamper.test.ts, on small images and the verb itself; and what a server without a key is told.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { harness } from '../system/harness.ts';
import { makeCertificates, serveImages } from './image-server.ts';
import { addImage, directoryOf, type SmallImage, writeIndexes } from './image-tree.ts';
import { flipped } from './loopback.ts';
import { attacksOn, restore, type SignedServer, signTwice } from './tampering.ts';
import { throwAwayKey } from './throw-away-key.ts';

const ASKED: SmallImage = { distribution: 'tiny', release: '1', build: '20261121_10:00' };
const OTHER: SmallImage = { ...ASKED, release: '2' };
const WORDS = ['-d', 'tiny', '-r', '1', '-a', 'amd64'];
/** One of a kind: npm run test:full -- tamper has them all. */
const FEW = {
  simplestreams:
    /images\.json: (a bit flipped at 50 %|signed by|the one that was)|rootfs.*at 50 %|index\.json: its sig|json: streams.*images\.json in its/,
  'index-system':
    /index-system\.7: the one that was|SUMS: a bit flipped at 50 %|rootfs.* to 50 %|directory of another/,
};

async function signedWorld(t: TestContext, format: SignedServer['format']) {
  const h = harness(t);
  const key = throwAwayKey(t);
  const root = join(h.directory, 'server');
  for (const image of [ASKED, OTHER]) addImage(root, image);
  writeIndexes(root);
  if (format === 'index-system') rmSync(join(root, 'streams'), { recursive: true });
  const before = join(h.directory, 'before');
  await signTwice(root, before, key);
  const [asked, other] = [ASKED, OTHER].map(directoryOf) as [string, string];
  const signed: SignedServer = {
    root,
    before,
    format,
    asked,
    other,
    stranger: throwAwayKey(t, 's <s@example.org>'),
  };
  const copy = join(h.directory, 'copy');
  restore(signed, copy);
  const server = await serveImages(t, copy);
  const into = join(h.directory, 'into');
  const fetch = (words: readonly string[] = ['--keyring', key.file]) => {
    rmSync(into, { recursive: true, force: true });
    mkdirSync(into);
    return h.run('fetch', ['--server', server.url, ...WORDS, '--into', into, ...words]);
  };
  return { h, key, signed, copy, server, into, fetch };
}

for (const format of ['simplestreams', 'index-system'] as const) {
  test(`${format}: what is not as it was signed is refused by name, and nothing is unpacked`, async t => {
    const { h, signed, copy, server, into, fetch } = await signedWorld(t, format);
    assert.equal((await fetch()).status, 0);
    assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), 'tiny 1\n');
    const attacks = attacksOn(signed).filter(({ what }) => FEW[format].test(what));
    assert.equal(attacks.length, format === 'simplestreams' ? 6 : 4);
    for (const { what, names, carryOut } of attacks) {
      rmSync(join(h.cacheDir, 'images'), { recursive: true, force: true });
      restore(signed, copy);
      carryOut(copy);
      const { status, stderr } = await fetch();
      assert.equal(status, 1, `${what}: not refused`);
      assert.match(stderr, /^tslxc-fetch: [^\n]*\n( {2}hint: [^\n]*\n)?$/, what);
      assert.ok(stderr.includes(`${server.url}/${names}`), `${what}: ${stderr}`);
      assert.deepEqual(readdirSync(into), [], what);
    }
  });
}

test('a server that signs is not believed without its key; what was signed once must stay so', async t => {
  const { h, key, signed, copy, server, fetch } = await signedWorld(t, 'simplestreams');
  const keyless = await h.run('fetch', ['--server', server.url, '--list']);
  assert.match(keyless.stderr, /nothing vouches for http/);
  writeFileSync(join(h.directory, 'empty.gpg'), '');
  assert.match((await fetch(['--keyring', join(h.directory, 'empty.gpg')])).stderr, /index\.json is refused/);
  assert.match((await fetch(['--keyring', '/no/such'])).stderr, /the keyring \/no\/such can't be read/);
  const armored = join(h.directory, 'key.asc');
  key.gpg('--armor', '--output', armored, '--export');
  writeFileSync(
    h.settingsFile,
    `${readFileSync(h.settingsFile, 'utf8')}image_servers:\n  - url: ${server.url}\n    key: ${armored}\n`,
  );
  const configured = await fetch([]);
  assert.equal(configured.status, 0, configured.stderr);
  for (const file of ['index.json', 'images.json']) rmSync(join(copy, `streams/v1/${file}.asc`));
  assert.match(
    (await fetch([])).stderr,
    /streams\/v1\/index\.json is not signed, and there is a key for the server/,
  );
  assert.equal((await fetch(['--no-validate'])).status, 0);
  restore(signed, copy);
});

test('over https too, a signed index wants its key, and stays signed; signatures of checksums alone do not', async t => {
  const { h, key, signed, copy, into } = await signedWorld(t, 'simplestreams');
  const { authority, ...tls } = makeCertificates(h.directory);
  const fetchFrom = (url: string, ...words: string[]) => {
    rmSync(into, { recursive: true, force: true });
    return h.run('fetch', ['--server', url, ...WORDS, '--into', into, ...words], {
      env: { CURL_CA_BUNDLE: authority },
    });
  };
  const { url } = await serveImages(t, copy, tls);
  const keyless = await fetchFrom(url);
  assert.match(
    keyless.stderr,
    /index\.json is signed, and there is no key of https.*\n {2}hint: give it with --keyring/,
  );
  for (const file of ['index.json', 'images.json']) rmSync(join(copy, `streams/v1/${file}.asc`));
  const unsigned = await fetchFrom(url);
  assert.equal(unsigned.status, 0, unsigned.stderr);
  assert.match(unsigned.stderr, /https reaches the right server is all that vouches/);

  restore(signed, copy);
  assert.equal((await fetchFrom(url, '--keyring', key.file)).status, 0);
  for (const file of ['index.json', 'images.json']) rmSync(join(copy, `streams/v1/${file}.asc`));
  assert.match(
    (await fetchFrom(url)).stderr,
    /index\.json is not signed, and was signed when it was read last/,
  );
});

test('a damaged cache is not believed: files come anew, indexes offline are refused', async t => {
  const { h, server, into, fetch } = await signedWorld(t, 'simplestreams');
  assert.equal((await fetch()).status, 0);
  const files = join(h.cacheDir, 'images/files');
  for (const name of readdirSync(files))
    writeFileSync(join(files, name), flipped(readFileSync(join(files, name)), 20));
  assert.equal((await fetch()).status, 0);
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), 'tiny 1\n');
  await server.close();
  const servers = join(h.cacheDir, 'images/servers');
  const kept = join(servers, readdirSync(servers)[0] ?? '', 'streams%2fv1%2fimages.json');
  writeFileSync(kept, flipped(readFileSync(kept), 100));
  const { status, stderr } = await fetch();
  assert.equal(status, 1);
  assert.match(stderr, /the signature of http.*images\.json is refused/);
  assert.deepEqual(readdirSync(into), []);
  assert.ok(existsSync(kept));
});
