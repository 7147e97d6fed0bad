// A repository as zypper and dnf want it, of packages that a test makes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSmallGuest } from './small-guest.ts';
import type { ThrowAwayKey } from './throw-away-key.ts';

export interface RpmPackage {
  readonly name: string;
  readonly provides?: readonly string[];
  readonly requires?: readonly string[];
  /** A shell script that runs in the guest once it is installed. */
  readonly post?: string;
  /** Writes its files. */
  readonly fill: (root: string) => unknown;
}

/** All that tslxc-opensuse asks for; one package of the test provides it. */
export const OPENSUSE_PACKAGES = [
  ...[
    'Leap-release',
    'openSUSE-release',
    'systemd',
    'systemd-network',
    'systemd-resolved',
    'dbus-1',
    'iproute2',
  ],
  ...[
    'iputils',
    'procps',
    'shadow',
    'util-linux',
    'zypper',
    'rpm',
    'ca-certificates-mozilla',
    'less',
    '/bin/sh',
  ],
];

/** A repository that tslxc-opensuse makes a small guest of; `more` is a package that nothing asks for. */
export function makeOpenSuseRepo(directory: string, key: ThrowAwayKey): void {
  const fill = (root: string) => {
    makeSmallGuest(root);
    copyHostRpm(root);
  };
  const post = ': >/dev/null; test -r /proc/mounts && touch /etc/installed';
  makeRpmRepo(directory, key, [
    { name: 'guest', provides: OPENSUSE_PACKAGES, fill, post },
    { name: 'more', requires: ['guest'], fill: root => writeFileSync(join(root, 'more'), '') },
  ]);
}

/** Makes DIRECTORY with the packages and an index that `key` signed. */
export function makeRpmRepo(directory: string, key: ThrowAwayKey, packages: readonly RpmPackage[]): void {
  mkdirSync(directory, { recursive: true });
  const build = mkdtempSync('/var/tmp/tslxctest-rpm-');
  try {
    for (const one of packages) buildPackage(build, directory, one);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  indexRpmRepo(directory, key);
}

/** Writes the index of what is there, and signs it. */
export function indexRpmRepo(directory: string, key: ThrowAwayKey): void {
  execFileSync('createrepo_c', ['--quiet', '--no-database', directory]);
  key.sign([join(directory, 'repodata/repomd.xml')], 'asc');
  writeFileSync(join(directory, 'repodata/repomd.xml.key'), key.gpg('--armor', '--export'));
}

function buildPackage(build: string, directory: string, one: RpmPackage): void {
  const root = join(build, 'files');
  mkdirSync(root, { recursive: true });
  one.fill(root);
  const spec = [
    `Name: ${one.name}`,
    'Version: 1',
    'Release: 1',
    'Summary: test',
    'License: MIT',
    'AutoReqProv: no',
    ...(one.provides ?? []).map(word => `Provides: ${word}`),
    ...(one.requires ?? []).map(word => `Requires: ${word}`),
    '%description',
    'test',
    '%install',
    `cp -a ${root}/. %{buildroot}/`,
    ...(one.post === undefined ? [] : ['%post', one.post]),
    '%files',
    '/*',
  ];
  const file = join(build, `${one.name}.spec`);
  writeFileSync(file, `${spec.join('\n')}\n`);
  const defines = {
    _topdir: build,
    _rpmdir: directory,
    _rpmfilename: '%{NAME}.rpm',
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    _binary_payload: 'w1.gzdio',
  };
  const words = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  execFileSync('rpmbuild', ['--quiet', '-bb', ...words, file], {
    stdio: 'pipe',
    env: { ...process.env, HOME: build },
  });
  rmSync(root, { recursive: true });
}

/** The host's rpm with all that it needs to run in a guest, whose database is elsewhere than the installer's. */
export function copyHostRpm(root: string): void {
  const files = new Set<string>();
  for (const program of ['/usr/bin/rpm', '/usr/bin/rpmdb']) {
    files.add(program);
    for (const [, library] of execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g))
      files.add(library ?? '');
  }
  const script = 'for f; do mkdir -p "$0$(dirname $f)"; cp -L "$f" "$0$f"; done';
  execFileSync('sh', ['-c', script, root, ...files, '/usr/lib/rpm/rpmrc', '/usr/lib/rpm/macros']);
  mkdirSync(join(root, 'etc/rpm'), { recursive: true });
  writeFileSync(join(root, 'etc/rpm/macros'), '%_dbpath /var/lib/guest-rpm\n');
}
