// Debian has no xbps and no mirror of Void's is in reach: what is tested is the way there. Behind it stands a script in xbps's
// place, which does nothing but say what it was asked, or what an xbps would do that takes a key nobody knows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { type Answer, flipped, loopback } from './loopback.ts';
import { entriesOf } from './places.ts';

const skip =
  process.arch === 'x64'
    ? existsSync('/usr/bin/xbps-install') && 'this host has an xbps of its own'
    : 'names of x86_64 are written out';
const STATIC = '/static/xbps-static-latest.x86_64-musl.tar.xz';
const sha256 = (bytes: Buffer): string =>
  execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);

/** An archive as Void's static one: a program and a key. */
function pack(h: Harness, script: string): Buffer {
  const tree = join(h.directory, 'static');
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  mkdirSync(join(tree, 'var/db/xbps/keys'), { recursive: true });
  const program = join(tree, 'usr/bin/xbps-install.static');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(tree, 'var/db/xbps/keys/00:11.plist'), '<plist/>\n');
  return execFileSync('tar', ['-C', tree, '-cJf', '-', '.']);
}

const SAYS = 'echo "XBPS_ARCH=$XBPS_ARCH $*"; exit 1';

async function create(
  t: TestContext,
  script: string,
  more: Record<string, Answer> = {},
  words: string[] = [],
) {
  const h = harness(t);
  const archive = pack(h, script);
  const files: Record<string, Answer> = {
    '/current/x86_64-repodata': 'the index\n',
    '/static/sha256sums.txt': `${'0'.repeat(64)}  other\n${sha256(archive)}  ${STATIC.slice('/static/'.length)}\n`,
    [STATIC]: archive,
    ...more,
  };
  const { url, asked } = await loopback(t, path => files[path] ?? 404);
  const pin = words.includes('PIN') ? ['--xbps-sha256', sha256(archive)] : [];
  const args = ['-n', h.name('v'), '-t', 'voidlinux', '--', '--arch', 'x86_64', '--mirror', url];
  const result = await h.run('create', [...args, ...words.filter(word => word !== 'PIN'), ...pin]);
  assert.equal(result.status, 1);
  assert.deepEqual(entriesOf(h), []);
  return { stderr: result.stderr, asked, url, archive };
}

test('what is asked of the mirror, and of the xbps that it gives', { skip }, async t => {
  const { asked, stderr, url } = await create(t, SAYS, {}, ['--packages', 'openssh', 'PIN']);
  assert.deepEqual(asked, ['/current/x86_64-repodata', '/static/sha256sums.txt', STATIC]);
  const said = new RegExp(
    `can't install from ${url}/current: XBPS_ARCH=x86_64 --rootdir /\\S+/rootfs --cachedir \\S+ --ignore-conf-repos --repository ${url}/current --sync$`,
    'm',
  );
  assert.match(stderr, said);
});

test('an xbps that is not what it should be does not run', { skip }, async t => {
  const plain = await create(t, SAYS);
  assert.match(plain.stderr, /nothing vouches for http.*musl.tar.xz.*give --xbps-sha256/);
  const changed = await create(t, SAYS, { [STATIC]: flipped(plain.archive, -50) }, ['PIN']);
  assert.match(changed.stderr, /has the sha256 [0-9a-f]{64}, not [0-9a-f]{64} as sha256sums.txt says/);
  const other = await create(t, SAYS, {}, ['--xbps-sha256', '1'.repeat(64)]);
  assert.match(other.stderr, /has the sha256 [0-9a-f]{64}, not 1{64}/);
  for (const { stderr } of [plain, changed, other]) assert.doesNotMatch(stderr, /XBPS_ARCH/);
});

test('a repository whose key nobody trusted installs nothing', { skip }, async t => {
  const takes =
    'echo "<plist/>" >"$2/var/db/xbps/keys/66:66.plist"; case $* in *base-container*) echo installed; exit 1 ;; esac';
  const { stderr } = await create(t, takes, {}, ['PIN']);
  assert.match(stderr, /\/current is signed by a key that is not trusted: give --keys-dir DIR/);
  const without = await create(t, SAYS, {}, ['--keys-dir', '/nonexistent', 'PIN']);
  assert.match(without.stderr, /there is no key of a repository \(\*\.plist\) in \/nonexistent/);
});

test('what the mirror lacks and this host can’t run is named', { skip }, async t => {
  const absent = await create(t, SAYS, { '/current/x86_64-repodata': 404 });
  assert.match(absent.stderr, /has no Void for x86_64/);
  const h = harness(t);
  const refused: [string[], RegExp][] = [
    [['-a', 'aarch64'], /this host \(x86_64\) can't run programs of aarch64/],
    [['-a', 'x86_64;id'], /not an architecture/],
    [['--packages', 'a,--unpack-only'], /not a list of packages/],
    [['--mirror', 'file:///'], /not a URL/],
    [['--xbps', '/nonexistent'], /--xbps \/nonexistent: there is no such file/],
  ];
  for (const [words, message] of refused)
    assert.match(
      (await h.run('create', ['-n', h.name('v'), '-t', 'voidlinux', '--', ...words])).stderr,
      message,
    );
});
