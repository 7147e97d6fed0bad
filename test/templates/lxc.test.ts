import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { harness } from '../system/harness.ts';
import { noLxc, runUnderLxc } from './under-lxc.ts';

const LXC_BUSYBOX = '/usr/share/lxc/templates/lxc-busybox';
const noTemplates = existsSync(LXC_BUSYBOX) ? false : 'the package lxc-templates or lxc is not installed';

test('LXC’s own template runs under tslxc, in an unprivileged container that boots', {
  skip: noTemplates,
}, async t => {
  const h = harness(t, { defaultConfig: 'lxc.net.0.type = empty\n' });
  const name = h.name('theirs');
  await h.ok('create', ['-n', name, '-t', LXC_BUSYBOX]);
  const { config } = loadConfig({ file: 'config', text: h.config(name) });
  assert.equal(config.idmap[0]?.value.hostId, h.firstId);
  assert.equal(config.utsName?.value, name);
  await h.ok('start', ['-n', name]);
  await h.ok('stop', ['-n', name]);
  await h.ok('destroy', ['-n', name]);
});

test('lxc-create of ours finds LXC’s templates first', { skip: noTemplates }, async t => {
  const h = harness(t);
  await h.ok('create', ['-n', h.name('c'), '-t', 'busybox'], { flavour: 'lxc' });
  assert.match(
    h.config(h.name('c')),
    new RegExp(`^# Template used to create this container: ${LXC_BUSYBOX}$`, 'm'),
  );
});

test('tslxc-busybox under LXC’s own lxc-create, and its config under LXC’s parser', { skip: noLxc }, t => {
  runUnderLxc(t, 'busybox');
});
