import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { lacking } from './hidden-programs.ts';
import { folder, type Loopback, loopback } from './loopback.ts';
import { makePacmanRepo, type PacmanPackage } from './pacman-repo.ts';
import { entriesOf, takenRanges } from './places.ts';
import { makeSmallGuest } from './small-guest.ts';
import { type ThrowAwayKey, throwAwayKey } from './throw-away-key.ts';

const CREATE_MS = 120_000;
const skip = existsSync('/usr/bin/pacman') ? false : 'the package pacman-package-manager is not installed';

/** What runs in the guest while its package is installed; it needs what installers mount. */
const POST_INSTALL = 'post_install() {\n  : >/dev/null\n  test -r /proc/mounts && touch /etc/installed\n}\n';

interface World {
  readonly h: Harness;
  readonly key: ThrowAwayKey;
  readonly mirror: Loopback;
  /** The files of the packages in core. */
  readonly files: ReadonlyMap<string, string>;
  create(name: string, ...words: string[]): ReturnType<Harness['run']>;
}

/** A mirror with core and extra, whose packages `key` signed. */
async function world(
  t: TestContext,
  key = throwAwayKey(t),
  more: readonly PacmanPackage[] = [],
): Promise<World> {
  const h = harness(t);
  const directory = join(h.directory, 'mirror');
  const guest = { name: 'guest', fill: makeSmallGuest, install: POST_INSTALL, key };
  const files = makePacmanRepo(directory, 'core', [
    { name: 'base', depends: ['guest'], key },
    guest,
    ...more,
  ]);
  makePacmanRepo(directory, 'extra', [
    { name: 'extra', fill: root => writeFileSync(join(root, 'extra'), ''), key },
  ]);
  const mirror = await loopback(t, folder(directory));
  const create = (name: string, ...words: string[]) =>
    h.run(
      'create',
      ['-n', h.name(name), '-t', 'archlinux', '--full', '--', '--mirror', mirror.url, ...words],
      {
        timeoutMs: CREATE_MS,
      },
    );
  return { h, key, mirror, files, create };
}

test('archlinux: installed from signed packages, its own, and it boots', { skip }, async t => {
  const { h, key, mirror, create } = await world(t);
  const made = await create('a', '--keyring', key.file, '-P', 'extra', '-e', 'sshd.service', '-d', 'a.timer');
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stderr, /^\S+: root's password: .*\n$/);
  assert.match(
    made.stdout,
    /^Installing Arch Linux rolling \(x86_64\) from http:\/\/127.0.0.1:\d+ with pacman$/m,
  );
  const rootfs = join(h.lxcpath, h.name('a'), 'rootfs');
  const text = (file: string) => readFileSync(join(rootfs, file), 'utf8');
  assert.equal(text('etc/hostname'), `${h.name('a')}\n`);
  assert.match(text('etc/machine-id'), /^[0-9a-f]{32}\n$/);
  assert.equal(text('etc/locale.conf'), 'LANG=C.UTF-8\n');
  assert.equal(text('etc/pacman.d/mirrorlist'), `Server = ${mirror.url}/$repo/os/$arch\n`);
  assert.match(text('etc/shadow'), /^root:\$6\$/);
  assert.equal(readlinkSync(join(rootfs, 'etc/resolv.conf')), '../run/systemd/resolve/stub-resolv.conf');
  assert.ok(existsSync(join(rootfs, 'etc/installed')), 'install scripts find /dev/null and /proc');
  assert.ok(existsSync(join(rootfs, 'extra')));
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  assert.deepEqual(readdirSync(join(rootfs, 'var/cache/pacman/pkg')), []);
  assert.equal(existsSync(join(rootfs, 'etc/pacman.d/gnupg')), false);
  assert.deepEqual(readdirSync(join(rootfs, 'etc/systemd/system/multi-user.target.wants')).sort(), [
    'pacman-init.service',
    'sshd.service',
    'systemd-networkd.service',
    'systemd-resolved.service',
  ]);
  assert.equal(readlinkSync(join(rootfs, 'etc/systemd/system/a.timer')), '/dev/null');
  await h.ok('start', ['-n', h.name('a')]);
  const inside = await h.ok('attach', ['-n', h.name('a'), '--', 'cat', '/etc/hostname']);
  assert.equal(inside.stdout, `${h.name('a')}\n`);
  await h.ok('stop', ['-n', h.name('a'), '-k']);
});

/** Refused with one line that names the mirror; nothing is left. */
function refused({ h, mirror }: World, { status, stderr }: Awaited<ReturnType<Harness['run']>>, why: RegExp) {
  assert.equal(status, 1);
  // The template's line, and the same again as tslxc-create's.
  const lines = stderr.trimEnd().split('\n');
  assert.ok(lines.length <= 2, stderr);
  assert.match(lines.at(-1) ?? '', why);
  assert.ok(lines.at(-1)?.includes(mirror.url), stderr);
  assert.deepEqual(entriesOf(h), []);
  assert.deepEqual(takenRanges(h), []);
}

test('archlinux: a package that changed or that another key signed is not installed', { skip }, async t => {
  const key = throwAwayKey(t);
  // The host's own keyring begins with the mirror's newer one.
  const w = await world(t, key, [{ name: 'archlinux-keyring', key }]);
  const other = throwAwayKey(t);
  refused(
    w,
    await w.create('x', '--keyring', other.file),
    /signed by the key [0-9A-F]+, which is not in .*public\.gpg$/,
  );
  refused(w, await w.create('x'), /signed by the key [0-9A-F]+, which is not in \/usr\/share/);
  const file = w.files.get('guest') ?? '';
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  refused(
    w,
    await w.create('x', '--keyring', w.key.file),
    /guest-1-1-any.pkg.tar.gz: invalid or corrupted package/,
  );
  rmSync(`${file}.sig`);
  refused(w, await w.create('x', '--keyring', w.key.file), /guest.*(sig|signature)/);
});

test('archlinux: main keys vouch for packagers, and the mirror’s keyring is the newer one', {
  skip,
}, async t => {
  const main = throwAwayKey(t, 'main <main@example.org>');
  const packager = throwAwayKey(t, 'packager <packager@example.org>');
  const late = throwAwayKey(t, 'late <late@example.org>');
  for (const { file, fingerprint } of [packager, late]) {
    main.gpg('--import', file);
    main.gpg('--pinentry-mode', 'loopback', '--quick-sign-key', fingerprint);
  }
  const ring = (file: string, ...who: ThrowAwayKey[]) => {
    main.gpg('--output', file, '--export', main.fingerprint, ...who.map(one => one.fingerprint));
    writeFileSync(file.replace(/\.gpg$/, '-trusted'), `${main.fingerprint}:5:\n`);
  };
  const keyrings = 'usr/share/pacman/keyrings';
  const fill = (root: string) => {
    mkdirSync(join(root, keyrings), { recursive: true });
    ring(join(root, keyrings, 'archlinux.gpg'), packager, late);
  };
  const w = await world(t, late, [{ name: 'archlinux-keyring', fill, key: packager }]);
  const old = join(w.h.directory, 'old.gpg');
  ring(old, packager);
  const made = await w.create('a', '--keyring', old);
  assert.equal(made.status, 0, made.stderr);
  // What the main key did not sign is not trusted, although it is in the file.
  const stranger = throwAwayKey(t);
  const mixed = join(w.h.directory, 'mixed.gpg');
  copyFileSync(stranger.file, mixed);
  appendFileSync(mixed, readFileSync(main.file));
  writeFileSync(join(w.h.directory, 'mixed-trusted'), `${main.fingerprint}:5:\n`);
  stranger.sign([w.files.get('archlinux-keyring') ?? '']);
  await w.h.ok('destroy', ['-n', w.h.name('a')]);
  refused(w, await w.create('x', '--keyring', mixed), /archlinux-keyring: .*unknown trust/);
});

test('archlinux: words that are not what they should be, and mirrors that have nothing', {
  skip,
}, async t => {
  const w = await world(t);
  const wrong: [string[], RegExp][] = [
    [['-r', 'noble'], /not a release: noble; Arch Linux has no releases/],
    [['-r', '2024-01-01'], /--release and --mirror both say/],
    [['-P', 'a --config=/x'], /not a list of packages/],
    [['--repos', '[x]'], /not a list of repositories/],
    [['-e', '--root=/'], /not lists of units/],
    [['-a', 'aarch64'], /Arch Linux itself has no aarch64: for a port of it give --mirror and --keyring/],
    [['--root_password', 'x'], /everybody's: tslxc-create makes one up/],
    [['-c', '/etc/pacman.conf'], /give --mirror, --repos, --keyring/],
    [['--keyring', '/no/such'], /--keyring \/no\/such: there is no such file/],
    [['--mirror', 'http://x y'], /not a URL/],
    [['--repos', 'core,nope'], /127\.0\.0\.1:\d+ has no repository nope for x86_64/],
    [
      ['-P', 'nope', '--keyring', w.key.file],
      /can't install from http:\/\/127\.0\.0\.1:\d+: target not found: nope/,
    ],
  ];
  for (const [words, message] of wrong) {
    const { status, stderr } = await w.create('x', ...words);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
    assert.ok(stderr.trimEnd().split('\n').length <= 2, stderr);
  }
  assert.deepEqual(entriesOf(w.h), []);
});

test('archlinux: what the host lacks is said at once', t => {
  const told = lacking('archlinux', ['/usr/bin/pacman', '/usr/bin/gpg', '/usr/share/keyrings/archlinux.gpg']);
  assert.match(
    told,
    /lacks pacman, gpg, .*archlinux\.gpg; get it with: apt-get install .*pacman-package-manager/,
  );
  t.diagnostic(told.trim());
});
