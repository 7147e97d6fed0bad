import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryType, TarHeader } from '../../../../src/images/oci/tar-format.ts';
import { LayeredTree } from '../../../../src/images/oci/tree.ts';

/** `dir/`, `link -> target`, `name => hard link`, or a file. */
function header(text: string): TarHeader {
  const [, name = '', arrow, target = ''] = /^(.*?)(?: (->|=>) (.*))?$/.exec(text) ?? [];
  const type: EntryType =
    arrow === '->' ? 'symlink' : arrow === '=>' ? 'link' : name.endsWith('/') ? 'directory' : 'file';
  return {
    name,
    type,
    linkName: target,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: '0',
    sizeBytes: 0,
    attributes: new Map(),
  };
}

/** What is left, each file with the layer and the member that it comes from. */
function merged(...layers: string[][]): string[] {
  const tree = new LayeredTree();
  for (const layer of layers) {
    tree.beginLayer();
    for (const text of layer) tree.add(header(text));
  }
  const { directories, files } = tree.finish();
  const names = files.flatMap((inodes, layer) =>
    [...inodes].flatMap(([ordinal, { paths }]) => paths.map(path => `${path} ${layer}.${ordinal}`)),
  );
  return [...directories.map(({ path }) => `${path}/`).filter(path => path !== './'), ...names].sort();
}

test('the last layer wins; a directory keeps what it has', () => {
  assert.deepEqual(merged(['a/', 'a/x', 'a/y'], ['a/', 'a/x']), ['a/', 'a/x 1.1', 'a/y 0.2']);
  assert.deepEqual(merged(['a/', 'a/x'], ['a']), ['a 1.0']);
  assert.deepEqual(merged(['a'], ['a/', 'a/x']), ['a/', 'a/x 1.1']);
  assert.deepEqual(merged(['a -> b', 'b/'], ['a/', 'a/x']), ['a/', 'a/x 1.1', 'b/']);
});

test('whiteouts hide layers before their own, never what comes with them', () => {
  assert.deepEqual(merged(['a/', 'a/x', 'a/y'], ['a/.wh.x']), ['a/', 'a/y 0.2']);
  assert.deepEqual(merged(['a/', 'a/x'], ['.wh.a']), []);
  assert.deepEqual(merged(['a/', 'a/x'], ['a/', 'a/x', 'a/.wh.x']), ['a/', 'a/x 1.1']);
  for (const order of [
    ['a/.wh..wh..opq', 'a/new'],
    ['a/new', 'a/.wh..wh..opq'],
  ])
    assert.deepEqual(
      merged(['a/', 'a/x', 'a/d/', 'a/d/y'], ['a/', ...order]).map(name => name.split(' ')[0]),
      ['a/', 'a/new'],
    );
  assert.deepEqual(merged(['a/', 'a/d/', 'a/d/old'], ['a/', 'a/d/', 'a/d/new', 'a/.wh..wh..opq']), [
    'a/',
    'a/d/',
    'a/d/new 1.2',
  ]);
  assert.deepEqual(merged(['x'], ['.wh.absent', '.wh..wh.plnk/', '.wh..wh.aufs']), ['x 0.0']);
});

test('links in a path are followed as with the tree for a root', () => {
  assert.deepEqual(merged(['usr/', 'usr/lib/', 'lib -> usr/lib'], ['lib/x']), [
    'lib 0.2',
    'usr/',
    'usr/lib/',
    'usr/lib/x 1.0',
  ]);
  assert.deepEqual(merged(['out -> /../../etc', 'out/passwd']), ['etc/', 'etc/passwd 0.1', 'out 0.0']);
  assert.deepEqual(merged(['a/', 'a/up -> ../../..', 'a/up/x']), ['a/', 'a/up 0.1', 'x 0.2']);
});

test('hard links are names of one file, also when the first name is gone', () => {
  assert.deepEqual(merged(['a', 'b => a'], ['.wh.a']), ['b 0.0']);
  assert.deepEqual(merged(['a'], ['b => /a', 'a']), ['a 1.1', 'b 0.0']);
  assert.throws(() => merged(['a/', 'b => a']), /which is a directory/);
  assert.throws(() => merged(['b => a']), /not in the image/);
});

test('a path that links make ever longer ends', () => {
  const names = Array.from({ length: 30 }, (_, count) =>
    Array.from({ length: count + 1 }, (_, index) => `l${index}`).join('/'),
  );
  assert.throws(() => merged(names.map(name => `${name} -> ${'d/'.repeat(1000)}`)), /too deep/);
});
