import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { lacking } from './hidden-programs.ts';
import { type Answer, flipped, folder, type Loopback, loopback } from './loopback.ts';
import { entriesOf, takenRanges } from './places.ts';
import { makeOpenSuseRepo } from './rpm-repo.ts';
import { type ThrowAwayKey, throwAwayKey } from './throw-away-key.ts';

const CREATE_MS = 120_000;
const needed = ['zypper', 'rpmbuild', 'createrepo_c'].find(program => !existsSync(`/usr/bin/${program}`));
const skip = needed === undefined ? false : `${needed} is not installed`;

interface World {
  readonly h: Harness;
  readonly key: ThrowAwayKey;
  readonly mirror: Loopback;
  /** What the server says instead of what its files hold. */
  readonly instead: Map<string, Answer>;
  create(name: string, ...words: string[]): ReturnType<Harness['run']>;
}

/** A mirror with Leap 16.0. */
async function world(t: TestContext): Promise<World> {
  const h = harness(t);
  const key = throwAwayKey(t);
  const directory = join(h.directory, 'mirror');
  makeOpenSuseRepo(join(directory, 'distribution/leap/16.0/repo/oss/x86_64'), key);
  const files = folder(directory);
  const instead = new Map<string, Answer>();
  const mirror = await loopback(t, path => instead.get(path) ?? files(path));
  const create = (name: string, ...words: string[]) =>
    h.run(
      'create',
      ['-n', h.name(name), '-t', 'opensuse', '--full', '--', '--mirror', mirror.url, ...words],
      {
        timeoutMs: CREATE_MS,
      },
    );
  return { h, key, mirror, instead, create };
}

const OSS = '/distribution/leap/16.0/repo/oss/x86_64';

test('opensuse: installed from a signed repository, its own, its rpm knows what is there, and it boots', {
  skip,
}, async t => {
  const { h, key, mirror, create } = await world(t);
  const name = h.name('a');
  const made = await create('a', '--keyring', key.file, '--packages', 'more', '-r', 'leap/16.0');
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stderr, /^\S+: root's password: .*\n$/);
  assert.match(made.stdout, /^Installing openSUSE 16.0 \(x86_64\) from http:\/\/127.0.0.1:\d+ with zypper$/m);
  const rootfs = join(h.lxcpath, name, 'rootfs');
  const text = (file: string) => readFileSync(join(rootfs, file), 'utf8');
  assert.equal(text('etc/hostname'), `${name}\n`);
  assert.match(text('etc/machine-id'), /^[0-9a-f]{32}\n$/);
  assert.equal(text('etc/locale.conf'), 'LANG=C.UTF-8\n');
  assert.match(text('etc/zypp/repos.d/oss.repo'), new RegExp(`^baseurl=${mirror.url}${OSS}$`, 'm'));
  assert.match(text('etc/zypp/repos.d/oss.repo'), /^gpgcheck=1$/m);
  assert.match(text('etc/shadow'), /^root:\$6\$/);
  assert.equal(readlinkSync(join(rootfs, 'etc/resolv.conf')), '../run/systemd/resolve/stub-resolv.conf');
  assert.ok(existsSync(join(rootfs, 'etc/installed')), 'scripts of packages find /dev/null and /proc');
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  assert.equal(existsSync(join(rootfs, 'var/cache/zypp')), false);
  await h.ok('start', ['-n', name]);
  const inside = await h.ok('attach', ['-n', name, '--', 'rpm', '-qa']);
  assert.match(inside.stdout, /^gpg-pubkey-.*\nguest-1-1.x86_64\nmore-1-1.x86_64\n$/);
  await h.ok('stop', ['-n', name, '-k']);
});

test('opensuse: an index or a package that is not what was signed is refused, and nothing is left', {
  skip,
}, async t => {
  const { h, key, mirror, instead, create } = await world(t);
  const other = throwAwayKey(t);
  const files = folder(join(h.directory, 'mirror'));
  const bytes = (path: string) => files(path) as Buffer;
  const refused = async (keyring: ThrowAwayKey, why: RegExp, ...words: string[]) => {
    const { status, stderr } = await create('x', '--keyring', keyring.file, ...words);
    instead.clear();
    assert.equal(status, 1);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    assert.match(stderr, why);
    assert.ok(stderr.includes(mirror.url), stderr);
    assert.deepEqual(entriesOf(h), []);
    assert.deepEqual(takenRanges(h), []);
  };
  await refused(other, /repomd\.xml: its signature is not by a key in .*public\.gpg/);
  const index = `${OSS}/repodata/repomd.xml`;
  instead.set(index, flipped(bytes(index), 300));
  await refused(key, /repomd\.xml: its signature is not by a key in/);
  instead.set(`${index}.asc`, 404);
  await refused(key, /repomd\.xml is not signed/);
  instead.set(`${OSS}/guest.rpm`, flipped(bytes(`${OSS}/guest.rpm`), 40_000));
  await refused(key, /can't install from .*guest.* is not what the signed index says/);
  instead.set(`${OSS}/guest.rpm`, bytes(`${OSS}/more.rpm`));
  await refused(key, /can't install from .*guest.* is not what the signed index says/);
  await refused(key, /can't install from .*nope/, '--packages', 'nope');
  await refused(key, /has no openSUSE 15.6 for x86_64: there is no .*15\.6/, '-r', '15.6');
});

test('opensuse: words that are not what they should be; no key without someone who vouches for it', {
  skip,
}, async t => {
  const h = harness(t);
  const { url } = await loopback(t, () => 404);
  const signed = await loopback(t, () => 'x');
  const wrong: [string[], RegExp][] = [
    [['-r', 'noble'], /not a release of openSUSE: noble/],
    [['-a', 'sparc'], /zypper installs x86_64 on this host, not sparc/],
    [['--packages', 'a --root=/'], /not a list of packages/],
    [['--mirror', 'http://x y'], /not a URL/],
    [['--repo', 'http://x;y'], /not a URL/],
    [['--repo', 'http://x', '--mirror', 'http://y'], /both say where/],
    [['--clean'], /tslxc-images prune/],
    [['--repo', url], new RegExp(`there is no ${url}/repodata/repomd.xml`)],
    [['--repo', signed.url], /nothing on this host vouches for the keys of openSUSE.* give --keyring FILE/],
  ];
  for (const [words, message] of wrong) {
    const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', 'opensuse', '--', ...words]);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
  const told = lacking('opensuse', ['/usr/bin/zypper', '/usr/bin/rpm']);
  assert.match(told, /lacks zypper, rpm; get it with: apt-get install rpm zypper/);
});
