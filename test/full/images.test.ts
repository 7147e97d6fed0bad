// npm run test:full -- images: the big image of the shared data, from a server and from this host, booted.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { makeCertificates, serveImages } from '../templates/image-server.ts';
import { sharedData } from '../templates/loopback.ts';

const { directory, skip } = sharedData('images');
const CENTOS = join(directory, 'images/centos/7/amd64/default/20261121_10:00');

test('download: CentOS 7 runs, every unit of it, and has an address', { skip }, async t => {
  const h = harness(t);
  const { authority, ...tls } = makeCertificates(h.directory);
  const { url } = await serveImages(t, directory, tls);
  const words = ['-t', 'download', '--', '-d', 'centos', '-r', '7', '--server', url];
  await h.ok('create', ['-n', h.name('c7'), ...words], { env: { CURL_CA_BUNDLE: authority } });
  await boots(t, h, h.name('c7'));
});

test('local: the same, from its two files', { skip }, async t => {
  const h = harness(t);
  const words = ['--fstree', join(CENTOS, 'rootfs.tar.xz'), '--metadata', join(CENTOS, 'meta.tar.xz')];
  const made = await h.ok('create', ['-n', h.name('c7'), '-t', 'local', '--', ...words]);
  assert.match(made.stdout, /You just created a centos 7/);
  await boots(t, h, h.name('c7'));
});

async function boots(t: TestContext, h: Harness, name: string): Promise<void> {
  const began = performance.now();
  await h.ok('start', ['-n', name]);
  const inside = async (...words: string[]) =>
    (await h.run('attach', ['-n', name, '--', ...words])).stdout.trim();
  const state = await until(
    'the end of its boot',
    async () => /^(running|degraded|maintenance)$/.exec(await inside('systemctl', 'is-system-running'))?.[0],
  );
  t.diagnostic(`${state} after ${Math.round(performance.now() - began)} ms`);
  assert.equal(state, 'running', await inside('systemctl', '--failed', '--no-pager'));
  assert.equal(await inside('hostname'), name);
  assert.match(await inside('cat', '/etc/machine-id'), /^[0-9a-f]{32}$/);
  await until(
    'an address',
    async () => /inet \d/.exec(await inside('ip', '-4', 'addr', 'show', 'eth0'))?.[0],
  );
  await h.ok('stop', ['-n', name, '-k']);
}
