// What other programs for images make of the same ones: umoci the same tree, skopeo an image that is checked like any other.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { unpackImage } from '../../src/images/oci/pull.ts';
import { harness } from '../system/harness.ts';
import { imageOf, layerOf, type Member, sha256, writeLayout } from './oci-images.ts';
import { registry } from './oci-registry.ts';
import { entriesOf } from './places.ts';

function lacks(t: TestContext, program: string): boolean {
  if (spawnSync(program, ['--version']).status === 0) return false;
  t.skip(`this host has no ${program}`);
  return true;
}

const NET_BIND = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const long = `${'directory/'.repeat(15)}`;

/** All that a layer can hold, in two forms of packing, and what a second one takes away. */
const FIRST: Member[] = [
  { name: './', type: 'directory', mode: 0o750, uid: 5 },
  { name: './a/', type: 'directory' },
  { name: 'a/gone', content: 'x' },
  { name: 'a/kept', content: 'kept', uid: 123456, gid: 3_000_000, mtime: '1600000000.25' },
  { name: 'a/setuid', mode: 0o4755, content: '' },
  { name: 'a/other-name', type: 'link', linkName: 'a/kept' },
  { name: 'a/program', mode: 0o755, content: 'p', attributes: new Map([['security.capability', NET_BIND]]) },
  { name: 'a/noted', content: 'n', attributes: new Map([['user.note', Buffer.from([0, 255, 10])]]) },
  { name: 'b/', type: 'directory' },
  { name: 'b/hidden/', type: 'directory' },
  { name: 'b/hidden/file', content: 'x' },
  { name: 'becomes-directory', content: 'x' },
  { name: 'becomes-file/', type: 'directory' },
  { name: 'becomes-file/x', content: 'x' },
  { name: 'caf\xe9', content: 'no UTF-8' },
  ...long
    .split('/')
    .slice(0, -1)
    .map((_, index): Member => ({ name: long.slice(0, 10 * (index + 1)), type: 'directory' })),
  { name: `${long}file`, content: 'deep' },
  { name: 'fifo', type: 'fifo' },
  { name: 'usr/', type: 'directory' },
  { name: 'usr/lib/', type: 'directory' },
  { name: 'lib', type: 'symlink', linkName: 'usr/lib' },
];
const SECOND: Member[] = [
  { name: 'a/', type: 'directory', mode: 0o700, mtime: '1500000000' },
  { name: 'a/.wh.gone' },
  { name: 'a/third-name', type: 'link', linkName: './a/kept' },
  { name: 'b/', type: 'directory' },
  { name: 'b/new', content: 'new' },
  { name: 'b/.wh..wh..opq' },
  { name: 'becomes-directory/', type: 'directory' },
  { name: 'becomes-file', content: 'y'.repeat(100_000) },
];

const zstd = (tar: Buffer): Buffer => execFileSync('zstd', ['--quiet', '--stdout'], { input: tar });

/** A tree as an archive: every name, owner, mode, time, attribute and byte of it. */
function archive(tree: string): Buffer {
  const args = [
    '--sort=name',
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime',
    '--xattrs',
    '--xattrs-include=*',
  ];
  return execFileSync('tar', ['--create', ...args, '--numeric-owner', '--directory', tree, '.'], {
    maxBuffer: 1 << 26,
  });
}

const list = (tree: string) =>
  execFileSync('find', ['.', '-printf', '%p %y %m %U:%G %n %s %T@ %l\n'], { cwd: tree, encoding: 'latin1' })
    .split('\n')
    .sort();

test('umoci unpacks the same tree, attributes, owners and times included; packing does not matter', async t => {
  if (lacks(t, 'umoci')) return;
  const h = harness(t);
  const trees = [layerOf(FIRST), layerOf(FIRST, tar => tar), layerOf(FIRST, zstd)].map(
    async (first, index) => {
      const layout = writeLayout(
        join(h.directory, `layout${index}`),
        'latest',
        imageOf([first, layerOf(SECOND)], { Cmd: ['/a/program'] }),
      );
      const into = mkdtempSync(join(h.directory, 'tree-'));
      const about = {
        into,
        init: 'command',
        insecure: false,
        own: true,
        cwd: '/',
        env: h.env,
        say: () => {},
        progress: () => {},
      } as const;
      await unpackImage({ ...about, url: `oci:${layout}`, work: join(h.directory, 'work') });
      // What we add for a start.
      for (const name of ['dev', 'proc', 'sys', 'etc']) execFileSync('rmdir', [join(into, name)]);
      return into;
    },
  );
  const [ours = '', plain = '', packed = ''] = await Promise.all(trees);
  const bundle = join(h.directory, 'bundle');
  execFileSync('umoci', ['unpack', '--image', `${h.directory}/layout0:latest`, bundle]);
  execFileSync('touch', ['-d', '@1700000000', ours, plain, packed, `${bundle}/rootfs`]);
  assert.deepEqual(list(ours), list(`${bundle}/rootfs`));
  assert.deepEqual(sha256(archive(ours)), sha256(archive(`${bundle}/rootfs`)));
  assert.deepEqual(sha256(archive(plain)), sha256(archive(ours)));
  assert.deepEqual(sha256(archive(packed)), sha256(archive(ours)));
  assert.ok(list(ours).some(line => line.startsWith('./a/kept f 644 123456:3000000 3 4 1600000000.25')));
});

test('skopeo gets what we have no transport for, and registries; what it brings is checked too', async t => {
  if (lacks(t, 'skopeo')) return;
  const h = harness(t);
  const image = imageOf(
    [
      layerOf([
        { name: 'bin/sh', mode: 0o755, content: '#!' },
        { name: 'mark', content: 'copied' },
      ]),
    ],
    { Cmd: ['/bin/sh'] },
  );
  const layout = writeLayout(join(h.directory, 'layout'), 'latest', image);
  execFileSync('skopeo', ['copy', '--quiet', `oci:${layout}:latest`, `dir:${h.directory}/dir`]);
  const server = await registry(t, { user: { name: 'me', password: 'secret' } });
  server.put('some/app:1', image);
  const login = ['--username', 'me', '--password', 'secret'];
  for (const [name, words] of Object.entries({
    d1: ['--url', `dir:${h.directory}/dir`],
    r1: [...login, '--url', `docker://${server.host}/some/app:1`],
  })) {
    const made = await h.ok('create', [
      '-n',
      h.name(name),
      '-t',
      'oci',
      '-B',
      'dir',
      '--full',
      '--',
      ...words,
    ]);
    assert.match(made.stdout, /^Getting .* with skopeo$/m);
    assert.equal(readFileSync(join(h.lxcpath, h.name(name), 'rootfs/mark'), 'utf8'), 'copied');
  }
  server.options = {
    change: (bytes, digest) => (digest === image.layers[0]?.digest ? Buffer.from(bytes).reverse() : bytes),
  };
  const url = ['--no-cache', '--url', `docker://${server.host}/some/app:1`];
  const bad = await h.run('create', ['-n', h.name('x'), '-t', 'oci', '--', ...url]);
  assert.equal(bad.status, 1);
  assert.match(
    bad.stderr,
    new RegExp(`^tslxc-create: .*skopeo can't get docker://${server.host}/some/app.*\\n$`),
  );
  assert.deepEqual(entriesOf(h), [h.name('d1'), h.name('r1')]);
});
