// npm run test:full -- tamper: each file of a signed image server flipped, cut, swapped, unsigned or played back, in both formats.
// Every create is refused with one line that names the server and the file, and leaves nothing.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { harness } from '../system/harness.ts';
import { serveImages } from '../templates/image-server.ts';
import { sha256, writeIndexes } from '../templates/image-tree.ts';
import { sharedData } from '../templates/loopback.ts';
import { entriesOf } from '../templates/places.ts';
import { attacksOn, restore, type SignedServer, signTwice } from '../templates/tampering.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';

const shared = sharedData('images');
const ASKED = 'images/alpine/3.13/amd64/default/20261121_10:00';
const OTHER = 'images/alpine/3.20/amd64/default/20261121_10:00';

for (const format of ['simplestreams', 'index-system'] as const) {
  test(
    `${format}: every attack on a signed server is refused, and leaves nothing`,
    { skip: shared.skip },
    t => refuseAll(t, format),
  );
}

async function refuseAll(t: TestContext, format: SignedServer['format']): Promise<void> {
  const h = harness(t);
  const key = throwAwayKey(t);
  const root = join(h.directory, 'server');
  mkdirSync(root);
  for (const directory of [ASKED, OTHER])
    cpSync(join(shared.directory, directory), join(root, directory), { recursive: true });
  writeIndexes(root);
  if (format === 'index-system') rmSync(join(root, 'streams'), { recursive: true });
  const before = join(h.directory, 'before');
  await signTwice(root, before, key);
  const signed: SignedServer = {
    root,
    before,
    format,
    asked: ASKED,
    other: OTHER,
    stranger: throwAwayKey(t, 'stranger <s@example.org>'),
  };

  const copy = join(h.directory, 'copy');
  const server = await serveImages(t, copy);
  const name = h.name('x');
  const create = () => {
    rmSync(join(h.cacheDir, 'images'), { recursive: true, force: true });
    const words = [
      '-d',
      'alpine',
      '-r',
      '3.13',
      '-a',
      'amd64',
      '--server',
      server.url,
      '--keyring',
      key.file,
    ];
    return h.run('create', ['-n', name, '-t', 'download', '--no-cache', '--', ...words]);
  };
  const control = async () => {
    restore(signed, copy);
    const made = await create();
    assert.equal(made.status, 0, made.stderr);
    assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/etc/alpine-release')));
    await h.ok('destroy', ['-n', name]);
  };

  await control();
  const attacks = attacksOn(signed);
  for (const { what, names, carryOut } of attacks) {
    restore(signed, copy);
    carryOut(copy);
    const { status, stderr } = await create();
    assert.equal(status, 1, `${what}: not refused`);
    assert.match(stderr, /^tslxc-create: [^\n]*\n$/, `${what}: ${stderr}`);
    assert.ok(stderr.includes(`${server.url}/${names}`), `${what}: ${stderr}`);
    assert.deepEqual(entriesOf(h), [], what);
    assert.deepEqual(wrongFiles(join(h.cacheDir, 'images/files')), [], what);
    t.diagnostic(`refused: ${stderr.trim().replace(/^tslxc-create: \S+ /, '')}`);
  }
  await control();
  t.diagnostic(`${attacks.length} attacks`);
}

/** What is in the cache and is not what its name says; only part of a file may wait there, and nothing that was refused. */
function wrongFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter(file => file !== sha256(join(directory, file)));
}
