// The templates download and local, and the verb they are made with: real servers on the loopback address, real trees.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { makeCertificates, serveImages, serveProxy } from './image-server.ts';
import { addImage, packTree, type SmallImage, sha256, writeIndexes } from './image-tree.ts';
import { sharedData } from './loopback.ts';
import { entriesOf } from './places.ts';

const shared = sharedData('images');
const SMALL: SmallImage = { distribution: 'tiny', release: '1', build: '20261121_10:00' };
const TINY = ['--dist', 'tiny', '--release', '1', '--arch', 'amd64'];

/** A server with two builds of one small image, and a place to unpack into. */
async function world(t: TestContext, ...images: SmallImage[]) {
  const h = harness(t);
  const root = join(h.directory, 'server');
  const older: SmallImage = { ...SMALL, build: '20261101_10:00', content: 'old\n' };
  for (const image of images.length > 0 ? images : [older, SMALL]) addImage(root, image);
  writeIndexes(root);
  const server = await serveImages(t, root);
  const into = join(h.directory, 'into');
  const fetch = (words: readonly string[], env?: Record<string, string>) =>
    h.run('fetch', ['--server', server.url, '--no-validate', ...words], env ? { env } : {});
  return { h, root, server, into, fetch };
}

const inCache = (h: Harness): string[] => {
  const files = join(h.cacheDir, 'images/files');
  return existsSync(files) ? readdirSync(files).sort() : [];
};

test('over https: alpine boots, with its own name, keys and address; the second one needs no server', {
  skip: shared.skip,
}, async t => {
  const h = harness(t);
  const { authority, ...tls } = makeCertificates(h.directory);
  const server = await serveImages(t, shared.directory, tls);
  const [first, second] = [h.name('a1'), h.name('a2')];
  const create = (name: string, env: Record<string, string> = { CURL_CA_BUNDLE: authority }) =>
    h.run(
      'create',
      ['-n', name, '-t', 'download', '--', '-d', 'alpine', '-r', '3.13', '--server', server.url],
      { env },
    );

  const stranger = await create(first, {});
  assert.equal(stranger.status, 1);
  assert.match(stranger.stderr, new RegExp(`can't get ${server.url}/streams/v1/index.json: .*certificate`));
  assert.deepEqual(entriesOf(h), []);

  const made = await create(first);
  assert.equal(made.status, 0, made.stderr);
  const said = `${made.stdout}${made.stderr}`;
  assert.match(said, /https reaches the right server is all that vouches/);
  assert.match(said, /You just created a alpine 3\.13/);
  assert.match(h.config(first), /^lxc\.include = .*\/etc\/alpine\.conf$/m);
  await server.close();
  const again = await create(second);
  assert.equal(again.status, 0, again.stderr);
  assert.doesNotMatch(`${again.stdout}${again.stderr}`, /vouches/);

  await h.ok('start', ['-n', second]);
  const inside = async (...words: string[]) => (await h.run('attach', ['-n', second, '--', ...words])).stdout;
  const address = await until(
    'an address on eth0',
    async () =>
      /inet (10\.[0-9.]+|192\.[0-9.]+|172\.[0-9.]+)\//.exec(
        await inside('ip', '-4', 'addr', 'show', 'eth0'),
      )?.[1],
  );
  assert.ok(address);
  assert.equal(await inside('hostname'), `${second}\n`);
  assert.match(await inside('cat', '/etc/shadow'), /^root:\$6\$/m);
  await h.ok('stop', ['-n', second, '-k']);
});

test('the newest build is unpacked, from either index; what it is, is written down', async t => {
  const { h, server, into, fetch } = await world(t);
  const facts = join(h.directory, 'facts');
  const streams = await fetch([...TINY, '--into', into, '--facts', facts]);
  assert.equal(streams.status, 0, streams.stderr);
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), 'tiny 1\n');
  assert.match(readFileSync(facts, 'utf8'), /^build 20261121_10:00$/m);
  const listed = await fetch(['--list', '--format', 'json']);
  assert.deepEqual(JSON.parse(listed.stdout), [
    { dist: 'tiny', release: '1', arch: 'amd64', variant: 'default', build: '20261121_10:00' },
  ]);
  server.hide('/streams');
  server.hide('/meta/1.0/index-system.7');
  rmSync(into, { recursive: true });
  const system = await fetch([...TINY, '--into', into, '--build', '20261101_10:00', '--flush-cache']);
  assert.equal(system.status, 0, system.stderr);
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), 'old\n');
  assert.match((await fetch(['--list'])).stdout, /^DIST +RELEASE +ARCH +VARIANT +BUILD *\ntiny /);
});

test('what a server lacks is said with its address; one that hiccups is asked again', async t => {
  const { server, into, fetch } = await world(t);
  server.failNext(503);
  assert.equal((await fetch([...TINY, '--into', into])).status, 0);
  const missing = await fetch([
    '--dist',
    'tiny',
    '--release',
    '9',
    '--arch',
    'amd64',
    '--facts',
    '/dev/null',
  ]);
  assert.equal(missing.status, 1);
  assert.equal(
    missing.stderr,
    `tslxc-fetch: ${server.url} has no image tiny 9 (amd64, default)\n  hint: as release it has: 1\n`,
  );
  server.hide('/');
  const none = await fetch(['--list', '--flush-cache']);
  assert.match(none.stderr, /is no image server: it has neither/);
});

test('a download goes on where it was cut, in the same run and in the next', async t => {
  const noise = execFileSync('head', ['-c', '300000', '/dev/urandom']).toString('base64');
  const { h, root, server, into, fetch } = await world(t, { ...SMALL, content: noise });
  const rootfs = join(root, 'images/tiny/1/amd64/default/20261121_10:00/rootfs.tar.xz');
  server.cutNext('rootfs.tar.xz', 100_000);
  assert.equal((await fetch([...TINY, '--into', into])).status, 0);
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), noise);
  const ranges = () =>
    server.requests.filter(({ path }) => path.endsWith('rootfs.tar.xz')).map(({ range }) => range);
  assert.match(ranges().at(-1) ?? '', /^bytes=[1-9]\d*-$/);

  // As an interrupted run leaves it; what it left is believed no more than the server.
  const [blob, partial] = [sha256(rootfs), `${sha256(rootfs)}.part`].map(name =>
    join(h.cacheDir, 'images/files', name),
  ) as [string, string];
  const begin = (bytes: Buffer) => {
    rmSync(into, { recursive: true });
    rmSync(blob);
    writeFileSync(partial, bytes);
  };
  begin(readFileSync(rootfs).subarray(0, 50_000));
  assert.equal((await fetch([...TINY, '--into', into])).status, 0);
  assert.equal(ranges().at(-1), 'bytes=50000-');
  begin(Buffer.alloc(50_000, 'x'));
  assert.equal((await fetch([...TINY, '--into', into])).status, 0);
  assert.equal(ranges().at(-1), '');
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), noise);
  server.ignoreRanges();
  begin(readFileSync(rootfs).subarray(0, 50_000));
  assert.equal((await fetch([...TINY, '--into', into])).status, 0);
  assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), noise);
  assert.ok(!existsSync(partial));
});

test('two downloads of one file at once ask for it once', async t => {
  const { h, server, fetch } = await world(t);
  const both = await Promise.all(['a', 'b'].map(name => fetch([...TINY, '--into', join(h.directory, name)])));
  assert.deepEqual(
    both.map(({ status }) => status),
    [0, 0],
  );
  const gets = server.requests.filter(
    ({ method, path }) => method === 'GET' && path.endsWith('rootfs.tar.xz'),
  );
  assert.equal(gets.length, 1);
});

test('a server that never stops is stopped, and takes no memory', async t => {
  const { h, server, into } = await world(t);
  server.flood('images.json');
  const program = join(installation().root, 'dist/bin/tslxc-fetch');
  const words = ['--server', server.url, '--no-validate', ...TINY, '--into', into];
  const measured = `import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`;
  const child = spawn('python3', ['-c', measured, program, ...words], { env: h.env });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', chunk => {
    said.stdout += chunk;
  });
  child.stderr.on('data', chunk => {
    said.stderr += chunk;
  });
  await once(child, 'close');
  assert.match(said.stderr, /streams\/v1\/images\.json is larger than 8388608 bytes, which it may not be/);
  const [status, peakKib = 0] = said.stdout.trim().split(' ').map(Number);
  assert.equal(status, 1);
  assert.ok(peakKib < 200 * 1024, `${peakKib} KiB`);
});

test('the environment’s proxy is used, for http and https, and not for those it names', async t => {
  const { h, root, server, fetch } = await world(t);
  const proxy = await serveProxy(t, server.url);
  const named = await h.run('fetch', ['--server', 'http://images.test', '--no-validate', '--list'], {
    env: { http_proxy: proxy.url },
  });
  assert.equal(named.status, 0, named.stderr);
  assert.deepEqual(proxy.asked[0], 'GET http://images.test/streams/v1/index.json');
  const asked = proxy.asked.length;
  assert.equal((await fetch(['--list'], { http_proxy: proxy.url, no_proxy: '127.0.0.1' })).status, 0);
  assert.equal(proxy.asked.length, asked);

  const { authority, ...tls } = makeCertificates(h.directory);
  const secure = await serveImages(t, root, tls);
  const tunnel = await serveProxy(t, secure.url);
  const tunnelled = await h.run('fetch', ['--server', 'images.test', '--list'], {
    env: { https_proxy: tunnel.url, CURL_CA_BUNDLE: authority },
  });
  assert.equal(tunnelled.status, 0, tunnelled.stderr);
  assert.equal(tunnel.asked[0], 'CONNECT images.test:443');
});

test('offline the cache serves, and says of when it is', async t => {
  const { h, root, into } = await world(t);
  const { authority, ...tls } = makeCertificates(h.directory);
  const server = await serveImages(t, root, tls);
  const fetch = async (...words: string[]) => {
    rmSync(into, { recursive: true, force: true });
    const all = ['--server', server.url, ...TINY, '--into', into, ...words];
    const result = await h.run('fetch', all, { env: { CURL_CA_BUNDLE: authority } });
    assert.equal(result.status, 0, result.stderr);
    assert.equal(readFileSync(join(into, 'etc/image'), 'utf8'), 'tiny 1\n');
    return result.stderr;
  };
  assert.match(await fetch(), /https reaches the right server is all that vouches/);
  assert.equal(inCache(h).length, 2);
  const asked = server.requests.length;
  assert.equal(await fetch('--force-cache'), '');
  assert.equal(server.requests.length, asked);
  await server.close();
  assert.match(
    await fetch(),
    /^tslxc-fetch: can't get http.*index.json: .*; going on with what it said on \d{4}-\d\d-\d\d\n$/,
  );
});

test('https never becomes http on the way', async t => {
  const { h, root, server } = await world(t);
  const { authority, ...tls } = makeCertificates(h.directory);
  const secure = await serveImages(t, root, tls);
  secure.redirect(server.url);
  const { status, stderr } = await h.run('fetch', ['--server', secure.url, '--list'], {
    env: { CURL_CA_BUNDLE: authority },
  });
  assert.equal(status, 1);
  assert.ok(stderr.includes(`can't get ${secure.url}/streams/v1/index.json: `), stderr);
  assert.deepEqual(server.requests, []);
});

test('http without a key is refused, before anything is asked', async t => {
  const { h, server } = await world(t);
  const { status, stderr } = await h.run('fetch', ['--server', server.url, '--list']);
  assert.equal(status, 1);
  assert.match(stderr, /nothing vouches for http:.*\n {2}hint: .*--keyring FILE.*--no-validate/);
  assert.deepEqual(server.requests, []);
});

test('an image’s config gives a few keys; one that asks for a hook makes no container', async t => {
  const kind = {
    ...SMALL,
    config:
      'lxc.include = LXC_TEMPLATE_CONFIG/alpine.common.conf\nlxc.arch = x86_64\nlxc.cap.keep = sys_admin\n',
    message: 'hi \u001b[2Jthere\n',
  };
  const evil = { ...SMALL, release: '2', config: 'lxc.hook.pre-start = /bin/evil\n' };
  const { h, server } = await world(t, kind, evil);
  const create = (release: string) =>
    h.run('create', [
      '-n',
      h.name('x'),
      '-t',
      'download',
      '--',
      '-d',
      'tiny',
      '-r',
      release,
      '-a',
      'amd64',
      '--server',
      server.url,
      '--no-validate',
    ]);
  const bad = await create('2');
  assert.equal(bad.status, 1);
  assert.match(
    bad.stderr,
    /meta\.tar\.xz has lxc\.hook\.pre-start = \/bin\/evil, which an image may not ask for/,
  );
  assert.deepEqual(entriesOf(h), []);
  const good = await create('1');
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /config has lxc\.cap\.keep, which is not taken/);
  assert.match(good.stdout, /^hi \[2Jthere$/m);
  assert.match(h.config(h.name('x')), /^lxc\.arch = x86_64$/m);
  assert.doesNotMatch(h.config(h.name('x')), /cap\.keep/);
});

test('metadata that unpacks to more than it should, or links to the host, gives nothing', async t => {
  const h = harness(t);
  const [tree, meta] = ['tree', 'meta'].map(name => join(h.directory, name)) as [string, string];
  for (const directory of [join(tree, 'etc'), meta]) mkdirSync(directory, { recursive: true });
  const secret = join(h.directory, 'secret');
  writeFileSync(secret, 'lxc.arch = x86_64\n');
  const facts = join(h.directory, 'facts');
  const read = () => {
    packTree(meta, join(h.directory, 'meta.tar.xz'));
    const words = ['--fstree', tree, '--metadata', join(h.directory, 'meta.tar.xz'), '--facts', facts];
    return h.run('fetch', words);
  };
  writeFileSync(join(meta, 'config'), `#${' '.repeat(100_000_000)}\n`);
  const bomb = await read();
  assert.equal(bomb.status, 1);
  assert.match(bomb.stderr, /meta\.tar\.xz can't be read: a file in it is larger than 65536 bytes/);
  rmSync(join(meta, 'config'));
  symlinkSync(secret, join(meta, 'config'));
  assert.equal((await read()).status, 0);
  assert.equal(readFileSync(facts, 'utf8'), '');
});

test('local: a tarball, a directory and a squashfs; what changes is unpacked anew', async t => {
  const h = harness(t);
  const tree = join(h.directory, 'tree');
  mkdirSync(join(tree, 'etc/network'), { recursive: true });
  writeFileSync(join(tree, 'etc/image'), 'one\n');
  writeFileSync(join(tree, 'etc/shadow'), 'root:!:1::::::\n', { mode: 0o600 });
  const pack = () => {
    execFileSync('tar', ['-cf', join(h.directory, 'tree.tar'), '-C', tree, '.']);
    execFileSync('zstd', [
      '-qf',
      '--rm',
      join(h.directory, 'tree.tar'),
      '-o',
      join(h.directory, 'tree.tar.zst'),
    ]);
    execFileSync(
      'mksquashfs',
      [tree, join(h.directory, 'tree.squashfs'), '-noappend', '-quiet', '-no-progress'],
      { stdio: 'pipe' },
    );
  };
  pack();
  const create = async (source: string, cwd = '/') => {
    const name = h.name('x');
    const made = await h.run(
      'create',
      ['-n', name, '-B', 'dir', '--full', '-t', 'local', '--', '--fstree', source],
      { cwd },
    );
    assert.equal(made.status, 0, made.stderr);
    const at = (path: string) => readFileSync(join(h.lxcpath, name, 'rootfs', path), 'utf8');
    const seen = {
      image: at('etc/image'),
      hostname: at('etc/hostname'),
      network: at('etc/network/interfaces'),
      shadow: at('etc/shadow'),
    };
    await h.ok('destroy', ['-n', name]);
    return seen;
  };
  for (const source of ['tree.tar.zst', 'tree', 'tree.squashfs']) {
    const seen = await create(source, h.directory);
    assert.deepEqual([source, seen.image, seen.hostname], [source, 'one\n', `${h.name('x')}\n`]);
    assert.match(seen.network, /iface eth0 inet dhcp/);
    assert.match(seen.shadow, /^root:\$6\$/);
  }
  writeFileSync(join(tree, 'etc/image'), 'two\n');
  pack();
  assert.equal((await create(join(h.directory, 'tree.tar.zst'))).image, 'two\n');
  const none = await h.run('create', ['-n', h.name('x'), '-t', 'local', '--', '--fstree', '/no/such']);
  assert.match(none.stderr, /--fstree \/no\/such: there is no such file/);
});

test('modes, owners and capabilities stay; attributes that steer an overlay do not', async t => {
  const h = harness(t);
  const tree = join(h.directory, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  const run = (program: string, ...words: string[]) =>
    execFileSync(program, words, { encoding: 'utf8', cwd: tree });
  writeFileSync(join(tree, 'bin/ping'), 'x');
  run('chown', '7:8', 'bin/ping');
  run('chmod', '4751', 'bin/ping');
  const attributes = {
    'security.capability': '0x0100000200200000000000000000000000000000',
    'user.note': '0x61',
    'user.overlay.redirect': '0x2f',
    'trusted.overlay.redirect': '0x2f',
  };
  const setAttributes = `import os,sys
for word in sys.argv[1:]:
    name, value = word.split('=')
    os.setxattr('bin/ping', name, bytes.fromhex(value[2:]))`;
  run('python3', '-c', setAttributes, ...Object.entries(attributes).map(([key, value]) => `${key}=${value}`));
  run('tar', '-cf', '../tree.tar', '--xattrs', '--xattrs-include=*', '.');
  run('mksquashfs', '.', '../tree.squashfs', '-quiet', '-no-progress');
  for (const source of ['tree', 'tree.tar', 'tree.squashfs']) {
    const into = join(h.directory, `from-${source}`);
    await h.ok('fetch', ['--fstree', join(h.directory, source), '--into', into]);
    const seen = execFileSync(
      'python3',
      ['-c', "import os; print(' '.join(sorted(os.listxattr('bin/ping'))))"],
      {
        cwd: into,
        encoding: 'utf8',
      },
    );
    assert.equal(seen, 'security.capability user.note\n', source);
    const { mode, uid, gid } = statSync(join(into, 'bin/ping'));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o4751, 7, 8], source);
  }
});

test('a tree that leads out of itself is refused or kept inside; nodes never come to be', async t => {
  const h = harness(t);
  const canary = join(h.directory, 'canary');
  mkdirSync(canary);
  writeFileSync(join(canary, 'file'), 'safe');
  const unpack = async (script: string) => {
    const into = join(h.directory, 'into');
    rmSync(into, { recursive: true, force: true });
    const file = join(h.directory, 'evil.tar');
    execFileSync('python3', ['-c', `${TAR_WRITER}\n${script}\ntar.close()`, file], { stdio: 'pipe' });
    const result = await h.run('fetch', ['--fstree', file, '--into', into]);
    assert.equal(readFileSync(join(canary, 'file'), 'utf8'), 'safe', script);
    assert.deepEqual(readdirSync(canary), ['file'], script);
    return { ...result, into };
  };
  const refused = [
    `link('out', '${canary}'); file('out/file')`,
    `link('out', '../canary'); file('out/new')`,
    "file('../canary/new')",
    `link('a', '..'); link('b', 'a/canary'); file('b/new')`,
    `link('out', '${canary}/file'); hard('twin', 'out'); file('twin')`,
  ];
  for (const script of refused) {
    const { status, stderr, into } = await unpack(script);
    if (status === 0) assert.ok(!existsSync(join(into, 'out/new')), script);
    else {
      assert.match(stderr, /evil\.tar can't be unpacked: /, script);
      assert.ok(!existsSync(into), script);
    }
  }
  const absolute = await unpack(`file('${canary}/new')`);
  assert.equal(absolute.status, 0, absolute.stderr);
  assert.ok(existsSync(join(absolute.into, canary, 'new')));
  const nodes = await unpack(
    "node('disk', 7, 0, tarfile.BLKTYPE); node('etc/zero', 1, 5, tarfile.CHRTYPE); node('dev/null', 1, 3, tarfile.CHRTYPE)",
  );
  assert.equal(nodes.status, 0, nodes.stderr);
  assert.deepEqual(readdirSync(nodes.into).sort(), ['dev', 'etc']);
  assert.deepEqual(
    [readdirSync(join(nodes.into, 'dev')), readdirSync(join(nodes.into, 'etc'))],
    [[], ['image']],
  );
  const log = join(h.directory, 'calls');
  const program = join(installation().root, 'dist/bin/tslxc-fetch');
  const again = ['--fstree', join(h.directory, 'evil.tar'), '--into', join(h.directory, 'again')];
  execFileSync('strace', ['-f', '-qq', '-e', 'trace=mknod,mknodat', '-o', log, program, ...again], {
    env: h.env,
  });
  const calls = readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => /S_IF(BLK|CHR)/.test(line));
  assert.ok(calls.length >= 2);
  assert.deepEqual(
    calls.filter(line => !line.includes('EPERM')),
    [],
  );
  const empty = join(h.directory, 'garbage');
  writeFileSync(empty, 'not a tarball');
  assert.match(
    (await h.run('fetch', ['--fstree', empty, '--into', join(h.directory, 'x')])).stderr,
    /neither a tarball nor a squashfs/,
  );
});

/** A tarball with anything in it; /etc/image is there so that it is a system. */
const TAR_WRITER = `
import io, sys, tarfile
tar = tarfile.open(sys.argv[1], 'w')
def add(name, kind, **more):
    info = tarfile.TarInfo(name); info.type = kind
    for key, value in more.items(): setattr(info, key, value)
    tar.addfile(info, io.BytesIO(b'evil') if kind == tarfile.REGTYPE else None)
def file(name): add(name, tarfile.REGTYPE, size=4, mode=0o644)
def link(name, to): add(name, tarfile.SYMTYPE, linkname=to)
def hard(name, to): add(name, tarfile.LNKTYPE, linkname=to)
def node(name, major, minor, kind): add(name, kind, devmajor=major, devminor=minor, mode=0o666)
add('etc', tarfile.DIRTYPE, mode=0o755); file('etc/image')`;
