// A small signed archive of Debian's kind, of packages that a test makes: enough for mmdebstrap to end with a tree that is
// configured by dpkg.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSmallGuest } from './small-guest.ts';
import type { ThrowAwayKey } from './throw-away-key.ts';

/** What the templates install into every guest, and what dpkg expects beside itself. */
const EMPTY_PACKAGES =
  `apt iproute2 iputils-ping netbase procps ca-certificates less systemd-sysv libpam-systemd dbus udev systemd-resolved
  sysvinit-core initscripts sysv-rc openrc ifupdown isc-dhcp-client dhcpcd-base`.split(/\s+/);

const HOST_PROGRAMS = ['dpkg', 'dpkg-deb', 'dpkg-split', 'dpkg-query', 'dpkg-trigger', 'tar', 'env'];
const APPLETS =
  'diff rm chmod cp mv sed grep ldconfig start-stop-daemon expr printf dirname basename mktemp cut tr'.split(
    ' ',
  );

/** Enables as insserv does, for what the templates ask of it. */
const UPDATE_RC_D =
  '#!/bin/sh\nmkdir -p /etc/rc2.d\n[ "$2" != defaults ] || ln -sf "../init.d/$1" "/etc/rc2.d/S01$1"\n';

export interface Suite {
  readonly name: string;
  readonly codename?: string;
  readonly components: readonly string[];
  /** More lines of its Release file. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** Makes DIRECTORY/pool with the packages, and one file of the archive's keys in a package of that name. */
export function makePool(
  directory: string,
  keyrings: Readonly<Record<string, string>>,
  extra: readonly string[] = [],
): void {
  const pool = join(directory, 'pool');
  mkdirSync(pool, { recursive: true });
  pack(pool, 'dpkg', ['Essential: yes', 'Priority: required'], fillEssential);
  for (const [name, keys] of Object.entries(keyrings))
    pack(pool, name, [], root =>
      put(root, `usr/share/keyrings/${name.replace(/(-archive)?-keyring/, '')}-archive-keyring.gpg`, keys),
    );
  for (const name of [...EMPTY_PACKAGES, ...extra])
    pack(pool, name, name === 'apt' ? ['Priority: required'] : [], root => {
      if (name === 'openssh-server') put(root, 'usr/bin/sshd', '/bin/busybox');
    });
}

/** Makes the lists of the pool for a suite, and its signed index. */
export function makeSuite(directory: string, suite: Suite, key: ThrowAwayKey, arch = 'amd64'): void {
  const place = join(directory, 'dists', suite.name);
  for (const [at, component] of suite.components.entries()) {
    const list = join(place, component, `binary-${arch}`);
    mkdirSync(list, { recursive: true });
    const packages = at > 0 ? '' : run('apt-ftparchive', ['packages', 'pool'], directory);
    writeFileSync(join(list, 'Packages'), packages);
  }
  const fields = {
    Suite: suite.name,
    Codename: suite.codename ?? suite.name,
    Architectures: arch,
    Components: suite.components.join(' '),
    ...suite.fields,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(join(place, 'Release'), lines.join('') + run('apt-ftparchive', ['release', '.'], place));
  signSuite(directory, suite.name, key);
}

/** Signs a suite's index anew, as it stands. */
export function signSuite(directory: string, suite: string, key: ThrowAwayKey): void {
  const place = join(directory, 'dists', suite);
  key.gpg('--output', join(place, 'InRelease'), '--clearsign', join(place, 'Release'));
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

function pack(pool: string, name: string, fields: readonly string[], fill: (root: string) => void): void {
  const root = join(pool, '.root');
  const control = [
    `Package: ${name}`,
    'Version: 1.0',
    'Architecture: amd64',
    'Maintainer: test <test@example.org>',
    'Description: test',
    ...fields,
  ];
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  fill(root);
  writeFileSync(join(root, 'DEBIAN/control'), `${control.join('\n')}\n`);
  run(
    'dpkg-deb',
    ['-Znone', '--root-owner-group', '--build', root, join(pool, `${name}_1.0_amd64.deb`)],
    pool,
  );
  rmSync(root, { recursive: true });
}

function put(root: string, path: string, from: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(from, join(root, path));
}

/** A guest of busybox, and this host's dpkg with the libraries that it needs. */
function fillEssential(root: string): void {
  makeSmallGuest(root);
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'usr/bin', applet));
  for (const directory of ['lib', 'lib64']) {
    mkdirSync(join(root, 'usr', directory), { recursive: true });
    symlinkSync(`usr/${directory}`, join(root, directory));
  }
  for (const program of HOST_PROGRAMS) {
    put(root, `usr/bin/${program}`, `/usr/bin/${program}`);
    for (const [, library = ''] of run('ldd', [`/usr/bin/${program}`], '/').matchAll(/(\/lib\S+) \(/g))
      put(root, join('usr', library.replace(/^\/usr/, '')), realpathSync(library));
  }
  writeFileSync(join(root, 'usr/bin/update-rc.d'), UPDATE_RC_D, { mode: 0o755 });
  mkdirSync(join(root, 'etc/default'), { recursive: true });
}
