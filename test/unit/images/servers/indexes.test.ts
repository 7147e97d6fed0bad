import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TslxcError } from '../../../../src/base/errors.ts';
import { chooseImage, newestOf, serverArch } from '../../../../src/images/servers/choose.ts';
import { parseChecksums, parseIndexSystem } from '../../../../src/images/servers/index-system.ts';
import { type OfferedImage, pathBeneath } from '../../../../src/images/servers/model.ts';
import { findServer, serverUrl } from '../../../../src/images/servers/server.ts';
import { parseProducts, parseStreamsIndex } from '../../../../src/images/servers/simplestreams.ts';

const URL = 'https://images.test/index';
const SUM = 'a'.repeat(64);
const DIRECTORY = 'images/alpine/3.13/amd64/default/20261121_10:00';

const products = (item: object, name = 'alpine:3.13:amd64:default') =>
  JSON.stringify({
    format: 'products:1.0',
    products: {
      [name]: {
        os: 'Alpine',
        release: '3.13',
        arch: 'amd64',
        versions: { 20261121: { items: { x: item } } },
      },
    },
  });
const rootfs = { ftype: 'root.tar.xz', path: `${DIRECTORY}/rootfs.tar.xz`, sha256: SUM, size: 5 };

test('index-system: a line is an image', () => {
  const [image, ...more] = parseIndexSystem(`alpine;3.13;amd64;default;20261121_10:00;/${DIRECTORY}/\n`, URL);
  assert.deepEqual(more, []);
  assert.deepEqual(image, {
    distribution: 'alpine',
    release: '3.13',
    arch: 'amd64',
    variant: 'default',
    build: '20261121_10:00',
    directory: DIRECTORY,
  });
});

test('an index that is not what it should be is refused, with its address', () => {
  const bad: [string, (text: string, url: string) => unknown, string][] = [
    ['html', parseIndexSystem, '<html>not found</html>'],
    ['a path upwards', parseIndexSystem, 'a;1;amd64;default;1;/images/../../etc/\n'],
    ['another server', parseIndexSystem, 'a;1;amd64;default;1;https://evil.test/x/\n'],
    ['control characters', parseIndexSystem, 'a;1;amd64;de\u001bfault;1;/x/\n'],
    ['truncated', parseIndexSystem, 'alpine;3.13;amd64;default;20261121_10:00;/x/\nalpine;3.2'],
    ['too many lines', parseIndexSystem, 'a;1;amd64;default;1;/x/\n'.repeat(20_001)],
    ['truncated JSON', parseStreamsIndex, '{"format":"index:1.0","index":{'],
    [
      'an index of indexes',
      parseStreamsIndex,
      '{"format":"index:1.0","index":{"i":{"datatype":"index","path":"streams/v1/index.json"}}}',
    ],
    [
      'a path upwards in it',
      parseStreamsIndex,
      '{"format":"index:1.0","index":{"i":{"datatype":"image-downloads","path":"../x"}}}',
    ],
    ['the index as product file', parseProducts, '{"format":"index:1.0","index":{}}'],
    ['a list', parseProducts, '[]'],
    ['nothing', parseProducts, ''],
    ['null', parseProducts, 'null'],
    ['too many objects', parseProducts, `[${'{},'.repeat(200_001)}{}]`],
    ['depth', parseProducts, '['.repeat(1_000_000)],
    ['a negative size', parseProducts, products({ ...rootfs, size: -5 })],
    ['a size that is no number', parseProducts, products({ ...rootfs, size: '5' })],
    ['a huge size', parseProducts, products({ ...rootfs, size: 1e300 })],
    ['no checksum', parseProducts, products({ ...rootfs, sha256: undefined })],
    ['half a checksum', parseProducts, products({ ...rootfs, sha256: 'abc' })],
    ['a file elsewhere', parseProducts, products({ ...rootfs, path: '/../../etc/passwd' })],
  ];
  for (const [what, parse, text] of bad)
    assert.throws(
      () => parse(text, URL),
      (error: unknown) =>
        error instanceof TslxcError && error.code === 'IMAGE_INDEX_INVALID' && error.message.startsWith(URL),
      what,
    );
});

test('simplestreams: products with a root file system; names or fields say what they are', () => {
  const [image] = parseProducts(products(rootfs), URL);
  assert.equal(image?.distribution, 'alpine');
  assert.deepEqual(image?.rootfs, { path: rootfs.path, sha256: SUM, sizeBytes: 5 });
  assert.equal(image?.directory, DIRECTORY);
  const [ubuntu] = parseProducts(products(rootfs, 'com.ubuntu.cloud:server:3.13:amd64'), URL);
  assert.deepEqual([ubuntu?.distribution, ubuntu?.release, ubuntu?.variant], ['alpine', '3.13', 'default']);
  assert.deepEqual(parseProducts(products({ ...rootfs, ftype: 'disk.qcow2' }), URL), []);
});

test('SHA256SUMS: every line is a checksum of a file in the directory, once', () => {
  const sums = parseChecksums(`${SUM}  rootfs.tar.xz\n${SUM} *./meta.tar.xz\n`, DIRECTORY, URL);
  assert.deepEqual(sums.get('meta.tar.xz'), { path: `${DIRECTORY}/meta.tar.xz`, sha256: SUM });
  for (const text of [`${SUM}  ../x\n`, `${SUM}  a\n${SUM}  a\n`, 'abc  a\n', `${SUM}  a/b\n`, '<html>\n'])
    assert.throws(() => parseChecksums(text, DIRECTORY, URL), /images\.test/, text);
});

const image = (words: string): OfferedImage => {
  const [distribution = '', release = '', arch = '', variant = '', build = ''] = words.split(' ');
  return { distribution, release, arch, variant, build, directory: 'x' };
};
const offered = [
  'alpine 3.13 amd64 default 2',
  'alpine 3.13 amd64 default 10',
  'alpine 3.20 arm64 cloud 1',
  'centos 7 amd64 default 1',
].map(image);

test('the newest build of what matches is chosen, and the host’s word for an architecture is the server’s', () => {
  assert.equal(serverArch('x86_64'), 'amd64');
  const wanted = { distribution: 'alpine', release: '3.13', arch: 'x86_64', variant: 'default' };
  const builds = ['20261121_10:00', '20261120_23:00'].map(build =>
    image(`alpine 3.13 amd64 default ${build}`),
  );
  assert.equal(chooseImage(builds, wanted, URL).build, '20261121_10:00');
  assert.equal(chooseImage(builds, { ...wanted, build: '20261120_23:00' }, URL).build, '20261120_23:00');
  assert.deepEqual(
    newestOf(offered, { distribution: 'alpine' }).map(one => one.release),
    ['3.13', '3.20'],
  );
});

test('what is not offered is named with its server, and what there is instead', () => {
  const missing: [string, RegExp][] = [
    ['alpin 3.13 amd64 default', /did you mean alpine\?/],
    ['alpine 3.99 amd64 default', /as release it has: 3\.13 3\.20/],
    ['alpine 3.20 amd64 default', /as arch it has: arm64/],
    ['alpine 3.20 arm64 default', /as variant it has: cloud/],
  ];
  for (const [words, hint] of missing) {
    const { distribution, release, arch, variant } = image(words);
    assert.throws(
      () => chooseImage(offered, { distribution, release, arch, variant }, 'https://images.test'),
      (error: unknown) =>
        error instanceof TslxcError &&
        error.message.startsWith('https://images.test has no image') &&
        hint.test(error.hint ?? ''),
      words,
    );
  }
});

test('no path leads out of the server', () => {
  for (const path of [
    '../x',
    'a/../b',
    '//evil',
    '/',
    '',
    'a//b',
    'a b',
    'a?b',
    'a#b',
    'https:/x',
    '.',
    'a\nb',
    './a',
    5,
    null,
  ])
    assert.equal(pathBeneath(path), undefined, String(path));
  for (const path of ['a/%2e%2e/b', 'a%2fb', '%00']) assert.equal(pathBeneath(path), undefined, path);
  assert.equal(pathBeneath('/images/a:b/'), 'images/a:b');
  assert.equal(pathBeneath('images/20241009_04%3A18'), 'images/20241009_04%3A18');
  fc.assert(
    fc.property(fc.string(), text => {
      const path = pathBeneath(text);
      return (
        path === undefined ||
        new globalThis.URL(`https://h.test/base/${path}`).href.startsWith('https://h.test/base/')
      );
    }),
  );
});

test('a server is a host or an address; http needs a key, or blind trust', () => {
  assert.equal(serverUrl('images.test'), 'https://images.test');
  assert.equal(serverUrl('images.test/a/'), 'https://images.test/a');
  assert.equal(serverUrl('http://127.0.0.1:80/'), 'http://127.0.0.1');
  for (const word of ['', 'ftp://a', 'file:///etc', 'a b', 'https://u:p@h', 'https://h/?q', 'a\nb'])
    assert.throws(() => serverUrl(word), { code: 'BAD_ARGUMENT' }, word);
  assert.throws(() => findServer({ word: 'http://h', noValidate: false }, []), { code: 'IMAGE_UNSIGNED' });
  assert.equal(findServer({ word: 'http://h', noValidate: true }, []).isTrustedBlindly, true);
  assert.equal(
    findServer({ word: 'http://h', noValidate: false }, [{ url: 'http://h/', key: '/k' }]).keyring,
    '/k',
  );
  assert.equal(findServer({ noValidate: false }, [{ url: 'https://own.test' }]).url, 'https://own.test');
  assert.equal(findServer({ noValidate: false }, []).url, 'https://images.linuxcontainers.org');
});
