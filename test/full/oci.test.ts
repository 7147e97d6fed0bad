// npm run test:full -- oci: an image with a real init, booted.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { sharedData } from '../templates/loopback.ts';
import { imageOf, sha256, writeLayout } from '../templates/oci-images.ts';

const { directory: data, skip } = sharedData('images/images/alpine/3.13/amd64/default');

test('an image with a real init and no command of its own boots that', { skip }, async t => {
  const h = harness(t);
  const [build = ''] = readdirSync(data);
  const tar = execFileSync('xz', ['--decompress', '--stdout', join(data, build, 'rootfs.tar.xz')], {
    maxBuffer: 1 << 27,
  });
  const layer = { bytes: tar, digest: sha256(tar), diffId: sha256(tar) };
  const url = `oci:${writeLayout(join(h.directory, 'layout'), 'latest', imageOf([layer], { Cmd: ['/bin/sh'] }))}`;
  const name = h.name('a1');
  const made = await h.ok('create', ['-n', name, '-t', 'oci', '--', '--url', url]);
  assert.match(made.stdout, /^It boots the image's \/sbin\/init$/m);
  assert.match(made.stdout + made.stderr, /root's password: /);
  assert.doesNotMatch(h.config(name), /lxc\.init\.cmd|dhcp-client/);
  await h.ok('start', ['-n', name]);
  const inside = async (...words: string[]) => (await h.run('attach', ['-n', name, '--', ...words])).stdout;
  const address = await until(
    'its own DHCP client has an address',
    async () => /inet (10\.[\d.]+)/.exec(await inside('ip', '-4', 'addr', 'show', 'eth0'))?.[1],
  );
  assert.ok(address);
  assert.equal(await inside('cat', '/proc/1/comm'), 'init\n');
  assert.equal(await inside('hostname'), `${name}\n`);
  await h.ok('stop', ['-n', name, '-k']);

  // The same image for its command: that needs no more than to be asked for.
  await h.ok('create', ['-n', h.name('a2'), '-t', 'oci', '--', '--init', 'command', '--url', url]);
  assert.match(h.config(h.name('a2')), /^lxc\.init\.cmd = \/bin\/sh$/m);
});
