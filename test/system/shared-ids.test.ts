import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from './harness.ts';

test('a container whose ids a live one has is not started; the config line is named', async t => {
  const h = harness(t, { defaultConfig: 'lxc.net.0.type = empty\n' });
  const [one, two] = [h.name('one'), h.name('two')];
  await h.ok('create', ['-n', one, '-t', 'busybox']);
  await h.ok('create', ['-n', two, '-t', 'busybox']);
  const maps = (text: string) => text.split('\n').filter(line => line.startsWith('lxc.idmap'));
  assert.notDeepEqual(maps(h.config(one)), maps(h.config(two)), 'ranges are disjoint');
  const config = join(h.lxcpath, two, 'config');
  const others = h
    .config(two)
    .split('\n')
    .filter(line => !line.startsWith('lxc.idmap'));
  writeFileSync(config, [...others, ...maps(h.config(one)), ''].join('\n'));
  await h.ok('start', ['-n', one]);
  const refused = await h.run('start', ['-n', two]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /process \d+ uses host ids of its map, from \d+ on \(config:\d+\)/);
  await h.ok('stop', ['-n', one, '-k']);
  await h.ok('start', ['-n', two]);
  await h.ok('stop', ['-n', two, '-k']);
});

test('a guest that gives its root directory away starts all the same', async t => {
  const h = harness(t, { defaultConfig: 'lxc.net.0.type = empty\n' });
  const name = h.name('given');
  await h.ok('create', ['-n', name, '-t', 'busybox', '--full']);
  const rcS = join(h.lxcpath, name, 'rootfs/etc/init.d/rcS');
  appendFileSync(rcS, 'chown 1000:1000 /\necho >/given\n');
  await h.ok('start', ['-n', name]);
  for (
    const end = performance.now() + 5_000;
    !readdirSync(join(h.lxcpath, name, 'rootfs')).includes('given');
  ) {
    assert.ok(performance.now() < end);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  await h.ok('stop', ['-n', name, '-k']);
  await h.ok('start', ['-n', name]);
  const pid = (await h.ok('info', ['-n', name, '-pH'])).stdout.trim();
  assert.match(readFileSync(`/proc/${pid}/root/etc/hostname`, 'utf8'), new RegExp(name));
  await h.ok('stop', ['-n', name, '-k']);
});
