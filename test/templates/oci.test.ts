import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { unpackImage } from '../../src/images/oci/pull.ts';
import type { Credentials } from '../../src/images/oci/registry-login.ts';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import {
  busyboxMembers,
  DOCKER,
  type Image,
  imageOf,
  layerOf,
  type Member,
  sha256,
  tarOf,
  writeDockerArchive,
  writeLayout,
} from './oci-images.ts';
import { registry } from './oci-registry.ts';
import { entriesOf, processesWith } from './places.ts';

test('a layout: the container runs the image’s command, as its user, there, with its environment', async t => {
  const h = harness(t);
  const words = ['two words', `it's`, 'a "b"', `both ' and "`, ''];
  const layout = imageOf([layerOf(busyboxMembers())], {
    Entrypoint: ['sh', '-c', `{ id; pwd; env; printf "<%s>" "$@"; } >/tmp/out; exec sleep 1000`, 'sh'],
    Cmd: words,
    Env: ['GREETING=hello  world', 'TABBED=a\tb', 'QUOTED="x y" '],
    WorkingDir: '/srv/work',
    User: 'app',
    StopSignal: 'SIGKILL',
    Volumes: { '/data/one': {} },
  });
  const name = h.name('a1');
  const url = `oci:${writeLayout(join(h.directory, 'layout'), 'v1', layout)}:v1`;
  const made = await h.ok('create', ['-n', name, '-t', 'oci', '--', '--url', url]);
  assert.equal(made.stderr, '');
  assert.match(
    made.stdout,
    /^Unpacking 1 layer of \/.*\/layout:v1\nIt runs the image's command, \/bin\/sh\n$/,
  );

  await h.ok('start', ['-n', name]);
  const { stdout } = await h.ok('attach', ['-n', name, '--', '/bin/cat', '/tmp/out']);
  const lines = stdout.split('\n');
  assert.equal(lines[0], 'uid=1000(app) gid=1001(app) groups=2002(extra)');
  assert.equal(lines[1], '/srv/work');
  for (const setting of ['GREETING=hello  world', 'TABBED=a\tb', 'QUOTED="x y" ', 'HOME=/srv/app'])
    assert.ok(lines.includes(setting), setting);
  assert.equal(lines.at(-1), words.map(word => `<${word}>`).join(''));
  const tree = await h.ok('attach', [
    '-n',
    name,
    '--',
    '/bin/sh',
    '-c',
    'ls -d /data/one; cat /etc/hostname; ip -4 addr; ip route',
  ]);
  assert.match(tree.stdout, new RegExp(`^/data/one\n${name}\n`));
  assert.match(
    tree.stdout,
    /inet 10\.[\d.]+\/20 .* eth0\n(.*\n)*default via 10\./,
    'by the host’s DHCP client',
  );
  const servers = (text: string) => text.split('\n').filter(line => /^nameserver (?!127\.|::1)/.test(line));
  const resolver = await h.ok('attach', ['-n', name, '--', '/bin/cat', '/etc/resolv.conf']);
  const [host, stub] = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'].map(file =>
    existsSync(file) ? servers(readFileSync(file, 'utf8')) : [],
  );
  assert.deepEqual(servers(resolver.stdout), host?.length ? host : stub);
  assert.doesNotMatch(resolver.stdout, /nameserver (127\.|::1)/);
  const client = `hostname:${name}`;
  const [pid, ...others] = processesWith(client);
  assert.equal(others.length, 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, /^Uid:\s65534\s65534/m);
  assert.match(status, /^CapEff:\s0000000000003400$/m, 'the network alone');
  await h.ok('stop', ['-n', name]);
  await until('the DHCP client ends', async () => processesWith(client).length === 0 || undefined);
  await h.ok('destroy', ['-n', name]);
  assert.deepEqual(entriesOf(h), []);
});

test('a registry by https: whom this host trusts, or whom the user says', async t => {
  const h = harness(t);
  const [key, cert] = [join(h.directory, 'key'), join(h.directory, 'cert')];
  const words = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test',
  ];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...words, ...names, '-keyout', key, '-out', cert], {
    stdio: 'pipe',
  });
  const server = await registry(t, { tls: { key: readFileSync(key), cert: readFileSync(cert) } });
  server.put('app:1', marked('by https'));
  const url = `docker://${server.host}/app:1`;
  const trusted = await unpack(h, url, { env: { SSL_CERT_FILE: cert } });
  assert.equal(readFileSync(join(trusted, 'mark'), 'utf8'), 'by https');
  assert.equal(readFileSync(join(await unpack(h, url, { insecure: true }), 'mark'), 'utf8'), 'by https');
  await assert.rejects(unpack(h, url), /the registry 127\.0\.0\.1:\d+ fails: .*certificate/);
});

const COMMAND = { Cmd: ['/bin/sleep', '1000'] };

/** A small image that is seen to be this one by /mark. */
function marked(text: string, types = DOCKER): Image {
  const noise = randomBytes(300_000);
  return imageOf(
    [layerOf([{ name: 'bin/sh', mode: 0o755, content: noise }]), layerOf([{ name: 'mark', content: text }])],
    COMMAND,
    types,
  );
}

function create(h: Harness, name: string, ...words: string[]) {
  return h.run('create', ['-n', name, '-t', 'oci', '--full', '-B', 'dir', '--', ...words]);
}

function markOf(h: Harness, name: string): string {
  return readFileSync(join(h.lxcpath, name, 'rootfs/mark'), 'utf8');
}

test('a registry: a token, blobs elsewhere, a transfer that breaks; layers are fetched once', async t => {
  const h = harness(t);
  const server = await registry(t, { user: { name: 'me', password: 'se"cret' }, breaks: true });
  server.put('some/app:1.0', marked('one'));
  const url = `docker://${server.host}/some/app:1.0`;
  const password = join(h.directory, 'password');
  writeFileSync(password, 'se"cret\n');
  const login = ['--username', 'me', '--password-file', password];

  const denied = /127\.0\.0\.1:\d+ gives no leave to read some\/app of 127\.0\.0\.1:\d+: who are you/;
  await assert.rejects(unpack(h, url), denied);
  await assert.rejects(unpack(h, url, { credentials: { username: 'me', password: 'wrong' } }), denied);

  server.asked.length = 0;
  const made = await create(h, h.name('r1'), '--own', '--url', url, ...login);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(markOf(h, h.name('r1')), 'one');
  assert.ok(server.asked.includes('token test registry repository:some/app:pull'));
  assert.ok(
    server.asked.some(line => /^storage bytes=\d+-$/.test(line)),
    'it goes on where it broke off',
  );

  const month = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
  const cache = join(h.cacheDir, 'oci/sha256');
  const blobs = readdirSync(cache);
  assert.equal(blobs.length, 2);
  for (const blob of blobs) utimesSync(join(cache, blob), month, month);

  server.asked.length = 0;
  const again = await create(h, h.name('r2'), '--own', '--init=command', '--url', url, ...login);
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(
    server.asked.filter(line => line.startsWith('storage')).length,
    1,
    'the config alone; layers are in the cache',
  );

  writeFileSync(join(cache, 'f'.repeat(64)), 'unused');
  utimesSync(join(cache, 'f'.repeat(64)), month, month);
  const more = marked('two');
  server.put('some/app:2', more);
  const cached = { credentials: { username: 'me', password: 'se"cret' }, cacheDir: join(h.cacheDir, 'oci') };
  await unpack(h, `docker://${server.host}/some/app:2`, cached);
  const wanted = [...blobs, ...more.layers.map(({ digest }) => digest.slice('sha256:'.length))];
  assert.deepEqual(readdirSync(cache).sort(), wanted.sort(), 'what was used stays, what was not goes');
});

test('a registry: by digest, by an index for several platforms, and by name and password alone', async t => {
  const h = harness(t);
  const server = await registry(t, { user: { name: 'me', password: 'pass' }, basic: true });
  const mine = marked('mine');
  const other = marked('other');
  const [architecture, foreign] = process.arch === 'x64' ? ['amd64', 'arm64'] : ['arm64', 'amd64'];
  const entry = (image: Image, arch: string) => ({
    mediaType: DOCKER.manifest,
    digest: sha256(image.manifest),
    size: image.manifest.length,
    platform: { os: 'linux', architecture: arch },
  });
  const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const index = (...manifests: object[]) =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  server.putIndex('app:many', index(entry(other, foreign), entry(mine, architecture)), [mine, other]);
  server.putIndex('app:none', index(entry(other, foreign)), [other]);
  const login = ['--own', '--username', 'me', '--password', 'pass'];

  const many = await create(h, h.name('m1'), ...login, '--url', `docker://${server.host}/app:many`);
  assert.equal(many.status, 0, many.stderr);
  assert.equal(markOf(h, h.name('m1')), 'mine');
  assert.doesNotMatch(h.config(h.name('m1')), /\bpass\b/, 'the password is not kept');
  for (const format of [[], ['--format', 'json']])
    assert.doesNotMatch((await h.ok('images', format)).stdout, /\bpass\b/, 'nor shown');

  const me = { username: 'me', password: 'pass' };
  const mark = async (name: string) =>
    readFileSync(
      join(await unpack(h, `docker://${server.host}/${name}`, { credentials: me }), 'mark'),
      'utf8',
    );
  assert.equal(await mark(`app@${sha256(mine.manifest)}`), 'mine');
  await assert.rejects(
    mark('app:none'),
    new RegExp(`app:none is not for ${architecture}; it is for: ${foreign}`),
  );
  await assert.rejects(mark('app:absent'), /127\.0\.0\.1:\d+ has no image app:absent/);
  await assert.rejects(unpack(h, `docker://${server.host}/app:many`), /wants a name and a password/);
});

/** Unpacks in this process; returns the tree. */
async function unpack(
  h: Harness,
  url: string,
  {
    credentials,
    cacheDir,
    insecure = false,
    env = {},
  }: { credentials?: Credentials; cacheDir?: string; insecure?: boolean; env?: object } = {},
): Promise<string> {
  const into = mkdtempSync(join(h.directory, 'tree-'));
  await unpackImage({
    url,
    into,
    ...(credentials === undefined ? {} : { credentials }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
    init: 'command',
    insecure,
    own: true,
    work: join(h.directory, 'work'),
    cwd: '/',
    env: { ...h.env, ...env },
    say: () => {},
    progress: () => {},
  });
  return into;
}

/** Where a hostile layer would like to write: it must stay as it is. */
function canary(h: Harness): string {
  const directory = join(h.directory, 'canary');
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'safe');
  return directory;
}

test('hostile layers are refused, or what they do stays in the tree', async t => {
  const h = harness(t);
  const outside = canary(h);
  const link = (name: string, linkName: string): Member => ({ name, type: 'symlink', linkName });
  const hard = (name: string, linkName: string): Member => ({ name, type: 'link', linkName });
  const contained: Member[][] = [
    [link('out', outside), { name: 'out/file', content: 'bad' }],
    [link('up', '../../../../../..'), { name: `up${outside}/file`, content: 'bad' }],
    [link('out', outside), { name: 'out/.wh.file' }, { name: 'out/.wh..wh..opq' }],
    [link('out', outside), { name: 'out', type: 'directory', mode: 0 }],
    [{ name: `${outside}/file`, content: 'inside' }],
    [
      { name: 'dev/sda', type: 'block' },
      { name: 'null', type: 'character' },
    ],
    [link('etc', outside), { name: 'mark', content: '' }],
  ];
  const refused: [Member[], RegExp][] = [
    [[{ name: '../file', content: 'bad' }], /the name "\.\.\/file" in it leaves the tree/],
    [[{ name: `a/../..${outside}/file`, content: 'bad' }], /leaves the tree/],
    [[hard('file', `../../..${outside}/file`)], /leaves the tree/],
    [[hard('file', `${outside}/file`)], /a hard link to .*canary\/file, which is not in the image/],
    [[link('out', outside), hard('file', 'out/file')], /which is not in the image/],
    [[{ name: 'a/.wh...' }], /removes what is no name/],
    [[{ name: '.wh..' }], /removes what is no name/],
    [[link('a', 'b'), link('b', 'a'), { name: 'a/x' }], /a circle of links/],
    [[{ name: 'a' }, { name: 'a/b' }], /no directory/],
  ];
  const first = layerOf([{ name: 'bin/sh', mode: 0o755, content: '#!' }]);
  const layout = join(h.directory, 'layout');
  for (const [index, members] of [...contained, ...refused.map(([one]) => one)].entries())
    writeLayout(join(layout, String(index)), 'latest', imageOf([first, layerOf(members)], COMMAND));
  const unpackNumber = (index: number) => unpack(h, `oci:${layout}/${index}`);
  for (const index of contained.keys()) {
    const into = await unpackNumber(index);
    const devices = execFileSync('find', [into, '-type', 'b', '-o', '-type', 'c'], { encoding: 'utf8' });
    assert.equal(devices, '');
  }
  for (const [index, [, message]] of refused.entries()) {
    const failure = unpackNumber(contained.length + index);
    await assert.rejects(failure, message);
    await assert.rejects(failure, /layer 2 \(sha256:[0-9a-f]{64}\) of .*layout\/\d+ can't be unpacked/);
  }
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'safe');

  // A tree whose /etc leads out is refused by what writes the name into it.
  const made = await create(h, h.name('x'), '--url', `oci:${layout}/6`);
  assert.match(made.stderr, /\/etc in the tree is a link, so nothing is written there/);
  assert.deepEqual(readdirSync(outside), ['file']);
  assert.deepEqual(entriesOf(h), []);
});

test('what is flipped, too long, or swapped is refused, and named with who sent it', async t => {
  const h = harness(t);
  const image = marked('good');
  const [layer] = image.layers;
  const config = sha256(image.config);
  const flip = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
    return copy;
  };
  const changed =
    (digest: string | undefined, how: (bytes: Buffer) => Buffer) => (bytes: Buffer, of: string) =>
      of === digest ? how(bytes) : bytes;
  const longer = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]);
  const shorter = (bytes: Buffer) => bytes.subarray(1);
  const manifest = sha256(image.manifest);
  const swapped = () => marked('bad').manifest;

  const server = await registry(t);
  server.put('app:1', image);
  for (const [name, change] of Object.entries({
    'flipped layer': changed(layer?.digest, flip),
    'longer layer': changed(layer?.digest, longer),
    'shorter layer': changed(layer?.digest, shorter),
    'flipped config': changed(config, flip),
    'swapped manifest': changed(manifest, swapped),
  })) {
    server.options = { change };
    const { status, stderr } = await create(
      h,
      h.name('x'),
      '--own',
      '--url',
      `docker://${server.host}/app:1`,
    );
    assert.equal(status, 1, name);
    assert.match(stderr, new RegExp(`of ${server.host}/app:1 is not what it should be: `), name);
    assert.equal(stderr.trim().split('\n').length, 1, 'one line');
  }
  for (const [name, change] of Object.entries({
    layer: changed(layer?.digest, flip),
    config: changed(config, flip),
    manifest: changed(manifest, swapped),
  })) {
    const layout = writeLayout(join(h.directory, name), 'latest', image, change);
    await assert.rejects(unpack(h, `oci:${layout}`), new RegExp(`of ${layout} is not what it should be: `));
  }
  // The packed bytes are as promised, what they unpack to is not.
  const lying = imageOf(
    [{ ...layerOf([{ name: 'mark', content: 'bad' }]), diffId: sha256(tarOf([])) }],
    COMMAND,
  );
  const layout = writeLayout(join(h.directory, 'lying'), 'latest', lying);
  await assert.rejects(
    unpack(h, `oci:${layout}`),
    /what layer 1 \(sha256:[0-9a-f]+\) of .* unpacks to is not what it should be/,
  );
  assert.deepEqual(entriesOf(h), []);
});

test('Ctrl-C while a layer comes: nothing is left, of files or of processes', async t => {
  const h = harness(t);
  const server = await registry(t, { stalls: true });
  server.put('app:1', marked('never'));
  const url = `docker://${server.host}/app:1`;
  const child = h.begin('create', ['-n', h.name('x'), '-t', 'oci', '--', '--own', '--url', url]);
  await until(
    'a layer is on its way',
    async () => server.asked.filter(line => line.startsWith('storage')).length > 1 || undefined,
  );
  child.kill('SIGINT');
  const [status] = await once(child, 'close');
  assert.equal(status, 130);
  assert.deepEqual(entriesOf(h), []);
  await until('its processes end', async () => processesWith(url).length === 0 || undefined);
  assert.deepEqual(
    readdirSync(join(h.stateDir, '.images')).filter(name => !name.startsWith('.')),
    [],
  );
});

test('an archive of a layout, packed or not, is the same image', async t => {
  const h = harness(t);
  const layout = writeLayout(join(h.directory, 'layout'), 'v1', marked('archived'));
  const file = join(h.directory, 'image.tar');
  for (const words of [[], ['--gzip'], ['--zstd']]) {
    execFileSync('tar', ['--create', ...words, '--file', file, '--directory', layout, '.']);
    assert.equal(readFileSync(join(await unpack(h, `oci-archive:${file}:v1`), 'mark'), 'utf8'), 'archived');
  }
});

test('archives of docker, and two images of one tree with commands of their own', async t => {
  const h = harness(t);
  const layers = [
    layerOf([
      { name: 'bin/sh', mode: 0o755, content: '#!' },
      { name: 'mark', content: 'saved' },
    ]),
  ];
  const one = writeDockerArchive(
    join(h.directory, 'one.tar'),
    'app:1',
    imageOf(layers, { Cmd: ['/bin/one'] }),
    gunzipSync,
  );
  const two = writeDockerArchive(
    join(h.directory, 'two.tar'),
    'app:2',
    imageOf(layers, { Cmd: ['/bin/two'] }),
    gunzipSync,
  );
  for (const [name, file] of [
    ['one', one],
    ['two', `${two}:app:2`],
  ] as const) {
    const made = await h.run('create', [
      '-n',
      h.name(name),
      '-t',
      'oci',
      '--',
      '--url',
      `docker-archive:${file}`,
    ]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(h.config(h.name(name)), new RegExp(`^lxc.init.cmd = /bin/${name}$`, 'm'));
  }
  const other = await create(h, h.name('x'), '--url', `docker-archive:${two}:app:3`);
  assert.match(other.stderr, /two\.tar has no image "app:3"; name one of its images after the path: "app:2"/);
});
