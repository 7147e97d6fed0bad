// What each row of the table of templates is made from: servers on the loopback address that live as long as the row, or what the
// host has. Each gives the words of tslxc-create, or says why it can't be had here.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Harness } from '../system/harness.ts';
import { KEY as ALPINE_KEY, repository as alpineRepository } from '../templates/alpine-repo.ts';
import { makeCertificates, serveImages } from '../templates/image-server.ts';
import { folder, loopback, sharedData } from '../templates/loopback.ts';
import { busyboxMembers, imageOf, layerOf } from '../templates/oci-images.ts';
import { registry } from '../templates/oci-registry.ts';
import { makePacmanRepo } from '../templates/pacman-repo.ts';
import { makeOpenSuseRepo } from '../templates/rpm-repo.ts';
import { rpmWorld } from '../templates/rpm-world.ts';
import { mirrorOf, smallArchive } from '../templates/small-archive.ts';
import { makeSmallGuest } from '../templates/small-guest.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';
import { mirrorOnBridge } from './centos-guest.ts';
import { packStage3 } from './openrc-stage3.ts';

/** How a row is created: the template's own words, and what else it takes. */
export interface Given {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Looks at what the server was asked, once create has ended. */
  readonly asked?: () => void;
}

/** Makes it for one row; a text is why this host has it not. */
export type Means = (t: TestContext, h: Harness, release: string) => Promise<Given | string>;

const images = sharedData('images');
const IMAGE = join(images.directory, 'images/alpine/3.13/amd64/default/20261121_10:00');

/** The shared rpms of CentOS, from the bridge's address. CentOS 6 has no DHCP client there, so it gets an address. */
export const centosData: Means = async (t, h, release) => {
  const { gateway, length, options } = await mirrorOnBridge(t, h);
  const address = `${gateway.replace(/\d+$/, '200')}/${length},${gateway}`;
  return { words: ['-r', release, ...(release === '6' ? ['--ipv4', address] : []), ...options(release)] };
};

/** A small repository of rpms that a key of the test signed, with these packages to say which distribution it is. */
export const rpms =
  (database: string, ...releasePackages: string[]): Means =>
  async (t, h, release) => {
    const { url, key } = await rpmWorld(t, h, { releasePackages, database });
    return { words: ['-r', release, '--repo', url, '--keyring', key] };
  };

/** The mirror that the template chooses by itself. */
export const mirror: Means = async (_t, _h, release) => ({ words: ['-r', release] });

/** A small archive of debs that a key of the test signed. */
export const debs: Means = async (t, h, release) => {
  const { directory, archiveKey } = smallArchive(t, join(h.directory, 'archive'));
  const { url } = await mirrorOf(t, directory);
  return { words: ['-r', release, '--mirror', url, '--keyring', archiveKey.file] };
};

/** The shared packages of Alpine. */
export const alpineData: Means = async (t, _h, release) => {
  const { url } = await loopback(t, alpineRepository);
  return { words: ['-r', release, '--mirror', url, '--keyring', ALPINE_KEY] };
};

/** Repositories of pacman's, whose packages a key of the test signed. */
export const pacmanRepositories: Means = async (t, h) => {
  const key = throwAwayKey(t);
  const directory = join(h.directory, 'mirror');
  makePacmanRepo(directory, 'core', [
    { name: 'base', depends: ['guest'], key },
    { name: 'guest', fill: makeSmallGuest, key },
  ]);
  makePacmanRepo(directory, 'extra', [{ name: 'more', key }]);
  const { url } = await loopback(t, folder(directory));
  return { words: ['--mirror', url, '--keyring', key.file] };
};

/** A repository of zypper's, whose index a key of the test signed. */
export const zypperRepository: Means = async (t, h, release) => {
  const key = throwAwayKey(t);
  const directory = join(h.directory, 'mirror');
  makeOpenSuseRepo(join(directory, `distribution/${release}/repo/oss/x86_64`), key);
  const { url } = await loopback(t, folder(directory));
  return { words: ['-r', release, '--mirror', url, '--keyring', key.file] };
};

/** A tree of Debian's OpenRC, packed and signed as Gentoo packs its own. */
export const stage3: Means = async (t, h) => {
  const file = join(h.directory, 'stage3-amd64-openrc-20240901T170410Z.tar.xz');
  const why = packStage3(h.directory, file);
  if (why !== undefined) return `no mirror to make the tree from: ${why}`;
  const key = throwAwayKey(t);
  key.sign([file], 'asc');
  return { words: ['--stage3', file, '--keyring', key.file] };
};

/** A mirror that has Void's index and nothing behind it: how far one gets without an xbps. */
export const voidIndex: Means = async t => {
  const index = '/current/x86_64-repodata';
  const { url, asked } = await loopback(t, path => (path === index ? 'the index\n' : 404));
  return {
    words: ['--arch', 'x86_64', '--mirror', url],
    asked: () => assert.equal(asked[0], index, 'the first request'),
  };
};

/** The host's own programs. */
export const hostPrograms: Means = async () => ({ words: [] });

/** The host's sshd, for one key. */
export const hostSshd: Means = async (_t, h) => {
  const key = join(h.directory, 'id');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  return { words: ['--auth-key', `${key}.pub`] };
};

const asksForAlpine = (url: string) => ['-d', 'alpine', '-r', '3.13', '-a', 'amd64', '--server', url];

/** The shared images from a server of http, for which nothing vouches. */
export const imageServer: Means = async t => {
  const { url } = await serveImages(t, images.directory);
  return { words: [...asksForAlpine(url), '--no-validate'] };
};

/** The same by https, with an authority of the test's. */
export const secureImageServer: Means = async (t, h) => {
  const { authority, ...tls } = makeCertificates(h.directory);
  const { url } = await serveImages(t, images.directory, tls);
  return { words: asksForAlpine(url), env: { CURL_CA_BUNDLE: authority } };
};

/** The two files of a shared image. */
export const imageFiles: Means = async () => ({
  words: ['--fstree', join(IMAGE, 'rootfs.tar.xz'), '--metadata', join(IMAGE, 'meta.tar.xz')],
});

/** A squashfs of a tree of busybox. */
export const squashfs: Means = async (_t, h) => {
  const tree = join(h.directory, 'tree');
  mkdirSync(tree);
  makeSmallGuest(tree);
  const file = `${tree}.squashfs`;
  execFileSync('mksquashfs', [tree, file, '-quiet', '-no-progress'], { stdio: 'pipe' });
  return { words: ['--fstree', file] };
};

/** An image of one layer in a registry. */
export const ociRegistry: Means = async t => {
  const server = await registry(t);
  server.put('app:1', imageOf([layerOf(busyboxMembers())], { Cmd: ['/bin/sleep', '1000'] }));
  return { words: ['--url', `docker://${server.host}/app:1`] };
};
