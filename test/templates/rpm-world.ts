// A distribution of rpm packages made for a test: signed by a key of its own, with the host's rpm, sh and busybox as the guest's,
// and its database where the test wants it. It has what our templates ask of a minimal guest, and cannot do much more.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Harness } from '../system/harness.ts';
import { folder, type Loopback, loopback } from './loopback.ts';

interface RpmWorld extends Loopback {
  /** The public key that signed its packages. */
  readonly key: string;
  /** Another, that signed nothing. */
  readonly stranger: string;
}

interface About {
  /** The package that says which distribution it is. */
  readonly releasePackages: readonly string[];
  /** Where its rpm keeps its database. */
  readonly database: string;
}

/** Why such a world can't be made here, or false. */
export const noRpmTools = ['rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'busybox'].every(
  program => sh(`command -v ${program} || true`) !== '',
)
  ? false
  : 'rpmbuild, rpmsign, createrepo_c, gpg or busybox is missing';

/** Builds it beneath the harness's directory and serves it until the test ends. */
export async function rpmWorld(t: TestContext, h: Harness, about: About): Promise<RpmWorld> {
  const home = join(h.directory, 'rpms');
  const keys = makeKeys(home);
  const packages = ['dnf', 'NetworkManager', 'openssh-server', 'glibc-minimal-langpack', 'extra'];
  writeFileSync(join(home, 'world.spec'), spec([...packages, ...about.releasePackages]));
  writeFileSync(join(home, 'guest-macros'), `%_dbpath ${about.database}\n`);
  sh(
    `${GUEST_TREE}
    rpmbuild --quiet -bb --define "_topdir $PWD/build" --define "_rpmdir $PWD/repository" \
      --define "tree $PWD/tree" world.spec 2>build.log
    rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name owner@example.org" --addsign repository/*/*.rpm >sign.log 2>&1
    gpgconf --kill all
    createrepo_c --quiet repository`,
    home,
  );
  return { ...(await loopback(t, folder(join(home, 'repository')))), ...keys };
}

function sh(script: string, home?: string): string {
  const env = {
    ...process.env,
    ...(home === undefined ? {} : { HOME: home, GNUPGHOME: join(home, 'gnupg') }),
  };
  const options = { encoding: 'utf8' as const, env, ...(home === undefined ? {} : { cwd: home }) };
  return execFileSync('sh', ['-euc', script], options).trim();
}

function makeKeys(home: string): { key: string; stranger: string } {
  mkdirSync(join(home, 'gnupg'), { recursive: true, mode: 0o700 });
  for (const [who, file] of [
    ['owner@example.org', 'key'],
    ['stranger@example.org', 'stranger'],
  ])
    sh(
      `gpg --batch --quiet --passphrase '' --quick-generate-key ${who} rsa2048 sign never 2>/dev/null
      gpg --batch --armor --export ${who} >${file}`,
      home,
    );
  return { key: join(home, 'key'), stranger: join(home, 'stranger') };
}

/** What runs in the guest: rpm with its libraries and macros, a shell, and a systemctl that enables by linking. */
const GUEST_TREE = `
  mkdir -p tree/usr/bin tree/usr/lib/rpm tree/usr/lib64 tree/etc/yum.repos.d tree/etc/ssh tree/usr/lib/rpm/macros.d
  for link in bin lib lib64; do ln -s usr/$link tree/$link; done
  rpm=$(command -v rpm)
  for file in "$rpm" "$(command -v rpmkeys)" "$(command -v rpmdb)" $(ldd "$rpm" | grep -o '/[^ )]*'); do cp --parents -L "$file" tree/ 2>/dev/null || true; done
  cp -r /usr/lib/rpm/macros /usr/lib/rpm/rpmrc /usr/lib/rpm/rpmpopt* tree/usr/lib/rpm/
  cp guest-macros tree/usr/lib/rpm/macros.d/macros.guest
  cp "$(command -v busybox)" tree/usr/bin/busybox
  for applet in sh cat ln mkdir; do ln -s busybox tree/usr/bin/$applet; done
  printf '#!/bin/sh\\nmkdir -p /etc/systemd/system/multi-user.target.wants\\nln -s "/usr/lib/systemd/system/$3" /etc/systemd/system/multi-user.target.wants/\\n' >tree/usr/bin/systemctl
  chmod 755 tree/usr/bin/systemctl
  printf 'root:x:0:0:root:/root:/bin/sh\\n' >tree/etc/passwd
  printf 'root:*:19000:0:99999:7:::\\n' >tree/etc/shadow
  printf '[base]\\nname=its own\\nbaseurl=https://mirror.example.org/\\n' >tree/etc/yum.repos.d/own.repo`;

function spec(names: readonly string[]): string {
  const subpackages = names.map(
    name => `%package -n ${name}\nSummary: ${name}\n%description -n ${name}\n${name}\n%files -n ${name}\n`,
  );
  return `Name: systemd
Version: 1
Release: 1
Summary: All of the guest
License: none
AutoReqProv: no
Provides: rpm
%global __os_install_post %{nil}
%global debug_package %{nil}
%description
All of the guest.
%install
cp -a %{tree}/. %{buildroot}/
%files
/*
${subpackages.join('\n')}`;
}
