// LXC's own templates under tslxc, and ours under LXC.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { makeCertificates, serveImages } from './image-server.ts';
import { sharedData } from './loopback.ts';
import { lxcTemplate, noLxc, runUnderLxc } from './under-lxc.ts';

const images = sharedData('images');
const ALPINE = join(images.directory, 'images/alpine/3.13/amd64/default/20261121_10:00');
const LOCAL = ['--metadata', join(ALPINE, 'meta.tar.xz'), '--fstree', join(ALPINE, 'rootfs.tar.xz')];
const LXC_TEMPLATES = '/usr/share/lxc/templates';
const NO_NETWORK = { defaultConfig: 'lxc.net.0.type = empty\n' };

/** Creates with one of LXC's templates, unprivileged as all of ours, and starts it. */
async function theirs(
  t: TestContext,
  name: string,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<{ h: Harness; name: string }> {
  const h = harness(t, NO_NETWORK);
  const container = h.name('theirs');
  await h.ok('create', ['-n', container, '-t', lxcTemplate(name).path, '--', ...words], { env });
  const { config } = loadConfig({ file: 'config', text: h.config(container) });
  assert.equal(config.idmap[0]?.value.hostId, h.firstId);
  assert.equal(config.utsName?.value, container);
  await h.ok('start', ['-n', container]);
  return { h, name: container };
}

const inside = async (h: Harness, name: string, ...words: string[]) =>
  (await h.ok('attach', ['-n', name, '--', ...words])).stdout;

test('LXC’s busybox runs under tslxc, in an unprivileged container that boots', {
  skip: lxcTemplate('busybox').skip,
}, async t => {
  const { h, name } = await theirs(t, 'busybox');
  await h.ok('stop', ['-n', name]);
  await h.ok('destroy', ['-n', name]);
});

test('LXC’s local unpacks an image under tslxc', {
  skip: lxcTemplate('local').skip || images.skip,
}, async t => {
  const { h, name } = await theirs(t, 'local', LOCAL);
  assert.equal(await inside(h, name, 'cat', '/etc/hostname', '/etc/alpine-release'), `${name}\n3.13.12\n`);
  await h.ok('stop', ['-n', name, '-k']);
});

test('LXC’s download gets its image over https under tslxc', {
  skip: lxcTemplate('download').skip || images.skip,
}, async t => {
  const place = harness(t);
  const { authority, ...tls } = makeCertificates(place.directory);
  const server = await serveImages(t, images.directory, tls);
  const wgetrc = join(place.directory, 'wgetrc');
  writeFileSync(wgetrc, `ca_certificate = ${authority}\n`);
  const env = { WGETRC: wgetrc, LXC_CACHE_PATH: place.cacheDir };
  const words = ['-d', 'alpine', '-r', '3.13', '-a', 'amd64', '--server', new URL(server.url).host];
  const { h, name } = await theirs(t, 'download', words, env);
  assert.equal(await inside(h, name, 'cat', '/etc/alpine-release'), '3.13.12\n');
  await h.ok('stop', ['-n', name, '-k']);
});

test('LXC’s sshd has no init of its own: it comes with a mount of the host’s', {
  skip: lxcTemplate('sshd').skip,
}, async t => {
  const { h, name } = await theirs(t, 'sshd');
  assert.match(
    readFileSync(join(h.lxcpath, name, 'rootfs/etc/ssh/ssh_host_rsa_key.pub'), 'utf8'),
    /^ssh-rsa /,
  );
  await h.ok('stop', ['-n', name, '-k']);
});

test('every template of LXC’s is found by its name and prints its help', {
  skip: lxcTemplate('busybox').skip,
}, async t => {
  const h = harness(t);
  const { templates } = installation();
  const ours = new Set(readdirSync(templates));
  const names = readdirSync(LXC_TEMPLATES).map(file => file.replace(/^lxc-/, ''));
  // A name that we have too is ours; theirs is then what its path says.
  const words = names.map(name => (ours.has(`tslxc-${name}`) ? `${LXC_TEMPLATES}/lxc-${name}` : name));
  const silent: string[] = [];
  await Promise.all(
    [0, 1, 2, 3].map(async lane => {
      for (const word of words.filter((_, at) => at % 4 === lane)) {
        const { status, stdout, stderr } = await h.run('create', ['-t', word, '-h']);
        const [, help = ''] = `${stdout}${stderr}`.split('tslxc-create man page for further information.');
        if (status !== 0 || !/usage|options|--help/i.test(help)) silent.push(`${word}: ${status} ${help}`);
      }
    }),
  );
  t.diagnostic(`${names.length}: ${names.join(' ')}`);
  assert.ok(names.length > 3);
  assert.deepEqual(silent, []);
});

test('lxc-create of ours finds LXC’s templates first', { skip: lxcTemplate('busybox').skip }, async t => {
  const h = harness(t);
  await h.ok('create', ['-n', h.name('c'), '-t', 'busybox'], { flavour: 'lxc' });
  const line = `# Template used to create this container: ${lxcTemplate('busybox').path}`;
  assert.ok(h.config(h.name('c')).startsWith(line));
});

for (const mapped of [false, true]) {
  const how = mapped ? 'with an id map' : 'privileged';
  test(`tslxc-busybox under LXC’s own lxc-create, ${how}`, { skip: noLxc }, t =>
    runUnderLxc(t, { template: 'busybox', mapped }),
  );
  test(`tslxc-local under LXC’s own lxc-create, ${how}`, { skip: noLxc || images.skip }, t =>
    runUnderLxc(t, { template: 'local', words: LOCAL, mapped }),
  );
}
