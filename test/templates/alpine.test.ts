import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { assertRestored, until, watched } from '../system/live.ts';
import { logsIn } from '../system/login.ts';
import { makeCertificates } from './image-server.ts';
import { type Answer, flipped, folder, loopback, sharedData } from './loopback.ts';
import { entriesOf } from './places.ts';

const { directory: data, skip } = sharedData('alpine');
const PACKAGES = '/v3.13/main/x86_64';
const KEY = join(data, 'apk-repo/tslxc-test.rsa.pub');
const MINIROOTFS = join(data, 'alpine-minirootfs-3.13.12-x86_64.tar.gz');
const repository = folder(join(data, 'apk-repo'));
/** Three times the bar of 10 s, which is judged by the number that is printed: the machine may be busy. */
const STOP_MS = 3 * 10_000;

const inside = async (h: Harness, name: string, ...words: string[]): Promise<string> =>
  (await h.run('attach', ['-n', name, '--', ...words])).stdout.trim();

/** What OpenRC says of every service, once the last one is there: one attach that waits in the guest, for the host is busy. */
const SERVICES_UP = 'until [ -e /run/openrc/started/crond ]; do sleep 0.05; done; rc-status -a';

async function servicesUp(h: Harness, name: string): Promise<string> {
  return (await h.ok('attach', ['-n', name, '--', 'timeout', '30', 'sh', '-c', SERVICES_UP])).stdout;
}

test('3.13 from its mirror: boots with OpenRC, on the network, logs in, reboots, stops', {
  skip,
}, async t => {
  const h = harness(t);
  const name = h.name('a');
  const { url } = await loopback(t, repository);
  const words = ['-t', 'alpine', '--', '-r', '3.13', '--mirror', url, '--keyring', KEY];
  const { stdout, stderr, durationMs } = await h.ok('create', ['-n', name, ...words]);
  t.diagnostic(`created in ${Math.round(durationMs)} ms`);
  assert.match(stdout, new RegExp(`^Installing Alpine v3.13 \\(\\w+\\) from ${url}$`, 'm'));
  const password = readFileSync(join(h.lxcpath, name, 'root-password'), 'utf8').trim();
  assert.ok(stderr.includes(password), 'the password is told once');

  await h.ok('start', ['-n', name]);
  const status = await servicesUp(h, name);
  for (const service of ['bootmisc', 'networking', 'syslog'])
    assert.match(status, new RegExp(`${service} +\\[ +started`));
  assert.doesNotMatch(status, /crashed|inactive|failed/);
  assert.equal(await inside(h, name, 'hostname'), name);
  assert.match(await inside(h, name, 'cat', '/etc/machine-id'), /^[0-9a-f]{32}$/);
  assert.equal(await inside(h, name, 'cat', '/etc/apk/repositories'), `${url}/v3.13/main`);
  assert.match(await inside(h, name, 'apk', 'info'), /^openrc$/m);
  const address = (await h.ok('info', ['-n', name, '-iH'])).stdout
    .split('\n')
    .find(line => /^\d+\.\d/.test(line));
  assert.ok(address !== undefined, 'no IPv4 address by DHCP');
  execFileSync('busybox', ['ping', '-c1', '-W5', address]);

  await logsIn(t, h, { name, tty: '1', password });
  await logsIn(t, h, { name, tty: '0', password });

  const before = (await h.ok('info', ['-n', name, '-pH'])).stdout;
  await inside(h, name, 'reboot');
  await until('another init', async () => {
    const { stdout: now } = await h.run('info', ['-n', name, '-pH']);
    return /\d/.test(now) && now !== before ? true : undefined;
  });
  await servicesUp(h, name);
  const stopped = await h.ok('stop', ['-n', name]);
  t.diagnostic(`stopped in ${Math.round(stopped.durationMs)} ms`);
  assert.ok(stopped.durationMs < STOP_MS);
  assert.equal(stopped.stderr, '');
  // OpenRC itself went down, and ran its last service.
  const rootfs = (await h.ok('mount', ['-n', name])).stdout.trim();
  assert.ok(existsSync(join(rootfs, 'lib/rc/cache/deptree')));
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  await h.ok('umount', ['-n', name]);
});

test('a minirootfs of the user’s brings apk, and the mirror’s index is checked by the keyring', {
  skip,
}, async t => {
  const h = harness(t);
  const { url } = await loopback(t, repository);
  const name = h.name('m');
  await h.ok('create', [
    ...['-n', name, '-t', 'alpine', '--full', '--', '-r', 'v3.13', '--mirror', url, '--keyring', KEY],
    ...['--minirootfs', MINIROOTFS],
  ]);
  assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/sbin/openrc')));
  assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/etc/apk/keys/tslxc-test.rsa.pub')));
});

test('what is not signed by a trusted key, or not what the signed index says, is refused', {
  skip,
}, async t => {
  const h = harness(t);
  const bytes = (path: string): Buffer => readFileSync(join(data, 'apk-repo', path));
  const INDEX = `${PACKAGES}/APKINDEX.tar.gz`;
  const tools = `${PACKAGES}/apk-tools-2.12.7-r0.apk`;
  const openrc = `${PACKAGES}/openrc-0.42.1-r19.apk`;
  const musl = `${PACKAGES}/musl-1.2.2-r1.apk`;
  const attacks: [string, Record<string, Buffer>, RegExp][] = [
    [
      'a bit of the index',
      { [INDEX]: flipped(bytes(INDEX), -100) },
      /APKINDEX.tar.gz: its signature is not by the key/,
    ],
    [
      'an index without a signature',
      { [INDEX]: unsigned(bytes(INDEX)) },
      /APKINDEX.tar.gz is not (signed|a signed file)/,
    ],
    [
      'a bit of apk, which would run here',
      { [tools]: flipped(bytes(tools), -9000) },
      /apk-tools-2.12.7-r0.apk is not what the signed index says/,
    ],
    ['a bit of its control part', { [tools]: flipped(bytes(tools), 500) }, /apk-tools-2.12.7-r0.apk is not/],
    [
      'one package in the place of another',
      { [musl]: bytes(openrc) },
      /musl-1.2.2-r1.apk is not what the signed index says/,
    ],
    [
      'a bit of a package that is installed',
      { [openrc]: flipped(bytes(openrc), -9000) },
      /apk can't install .*openrc/,
    ],
  ];
  for (const [what, instead, message] of attacks) {
    const { url } = await loopback(t, path => instead[path] ?? repository(path));
    const refused = await h.run('create', [
      ...['-n', h.name('x'), '-t', 'alpine', '--', '-r', '3.13', '--mirror', url, '--keyring', KEY],
    ]);
    assert.equal(refused.status, 1, what);
    assert.match(refused.stderr, message, what);
    assert.deepEqual(entriesOf(h), [], what);
  }
});

/** Without its first gzip stream, which is the signature. */
function unsigned(index: Buffer): Buffer {
  return index.subarray(index.indexOf(Buffer.from([0x1f, 0x8b, 0x08]), 1));
}

const sha256 = (bytes: Uint8Array): string =>
  execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);

/** The mirror with a minirootfs, of which its list of releases promises a digest. */
function mirrorWith(minirootfs: Buffer, promised: string): (path: string) => Answer {
  const releases = '/v3.13/releases/x86_64';
  const other = ['---', '-', '  flavor: alpine-standard', '  file: other.iso', `  sha256: ${'0'.repeat(64)}`];
  const ours = ['-', '  title: "Mini root filesystem"', '  branch: v3.13', '  flavor: alpine-minirootfs'];
  const more = ['  file: alpine-minirootfs-3.13.12-x86_64.tar.gz', `  sha256: ${promised}`];
  const yaml = [...other, ...ours, ...more, '-', '  flavor: alpine-virt', ''].join('\n');
  return path => {
    if (path === `${releases}/latest-releases.yaml`) return yaml;
    return path.startsWith(releases) ? minirootfs : repository(path);
  };
}

test('a minirootfs from a server is trusted by digest, or by the word of somebody at a terminal', {
  skip,
}, async t => {
  const h = harness(t);
  const minirootfs = readFileSync(MINIROOTFS);
  const digest = sha256(minirootfs);
  const mirror = (promised: string) => loopback(t, mirrorWith(minirootfs, promised));
  const create = async (url: string, ...more: string[]) =>
    h.run('create', ['-n', h.name('x'), '-t', 'alpine', '--', '-r', '3.13', '--mirror', url, ...more]);
  const cases: [string, string[], RegExp][] = [
    [digest, [], /nothing vouches for http.*minirootfs-3.13.12.*--minirootfs-sha256/],
    ['1'.repeat(64), [], /has the sha256 [0-9a-f]{64}, not 1{64} as latest-releases.yaml says/],
    [digest, ['--minirootfs-sha256', '2'.repeat(64)], /has the sha256 [0-9a-f]{64}, not 2{64}/],
    // Its keys are Alpine's own, and this mirror's packages are signed by another.
    [digest, ['--minirootfs-sha256', digest], /apk can't install alpine-base.*UNTRUSTED/],
  ];
  for (const [promised, more, message] of cases) {
    const { status, stderr } = await create((await mirror(promised)).url, ...more);
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
});

test('words that could be more than a word are refused, and a mirror without the release is named', {
  skip,
}, async t => {
  const h = harness(t);
  const { url } = await loopback(t, repository);
  const refused: [string[], RegExp][] = [
    [['-r', '../3.13'], /not a release/],
    [['-r', '3.13/../../x'], /not a release/],
    [['-a', 'x86_64;id'], /not an architecture/],
    [['--packages', 'a,b --allow-untrusted'], /not a list of packages/],
    [['--packages', '--allow-untrusted'], /not a list of packages/],
    [['--mirror', 'file:///etc'], /not a URL/],
    [['--mirror', 'http://x\nhttp://y'], /not a URL/],
    [['--minirootfs-sha256', 'g'], /not a sha256/],
    [['--keyring', '/nonexistent'], /--keyring \/nonexistent: not an RSA public key/],
    [['-r', '9.99', '--mirror', url, '--keyring', KEY], /has no Alpine v9\.99 for \w+/],
    [
      ['-r', '3.13', '--mirror', url, '--keyring', KEY, '--packages', 'nosuch'],
      /apk can't install alpine-base nosuch: .*nosuch/,
    ],
  ];
  for (const [words, message] of refused) {
    const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', 'alpine', '--', ...words]);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length <= 2, true, stderr);
  }
  assert.deepEqual(entriesOf(h), []);
});

/** Alpine's minirootfs with one more key in it: as if this mirror were Alpine's. */
function ownMinirootfs(h: Harness): Buffer {
  const tree = join(h.directory, 'minirootfs');
  mkdirSync(tree);
  execFileSync('tar', ['-C', tree, '-xzf', MINIROOTFS]);
  copyFileSync(KEY, join(tree, 'etc/apk/keys', basename(KEY)));
  return execFileSync('tar', ['-C', tree, '-czf', '-', '.'], { maxBuffer: 1 << 26 });
}

test('over https, with no key on this host: a person is asked, and nobody else', { skip }, async t => {
  const h = harness(t);
  const minirootfs = ownMinirootfs(h);
  const digest = sha256(minirootfs);
  const { authority, ...tls } = makeCertificates(h.directory);
  const answer = mirrorWith(minirootfs, digest);
  const { url } = await loopback(t, answer, { tls });
  const env = { ...h.env, CURL_CA_BUNDLE: authority };
  const name = h.name('s');
  const words = ['-n', name, '-t', 'alpine', '--', '-r', '3.13', '--mirror', url];

  const alone = await h.run('create', words, { env });
  assert.equal(alone.status, 1);
  assert.match(
    alone.stderr,
    new RegExp(`has the sha256 ${digest}; compare it, then give --minirootfs-sha256 ${digest}`),
  );

  const program = join(installation().root, 'dist/bin/tslxc-create');
  const no = watched(t, program, words, env);
  await no.see(digest);
  await no.see('Type yes to trust it');
  no.write('no\r');
  await no.see('is not trusted');
  await no.see('status 1');
  await assertRestored(no);
  assert.deepEqual(entriesOf(h), []);

  const yes = watched(t, program, words, env);
  await yes.see('Type yes to trust it');
  yes.write('yes\r');
  await yes.see("root's password");
  await yes.see('status 0');
  await assertRestored(yes);
  assert.deepEqual(entriesOf(h), [name]);
});

test('what can be chosen is what the mirror lists, the newest first', { skip }, async t => {
  const { url } = await loopback(t, path =>
    path === '/'
      ? '<a href="v3.9/">v3.9/</a><a href="v3.20/">v3.20/</a><a href="edge/"><a href="last">'
      : 404,
  );
  const program = join(installation().templates, 'tslxc-alpine');
  const offers = (mirror: string) =>
    promisify(execFile)(program, ['--phase=offers', '--arch', 'x86_64', '--mirror', mirror]);
  assert.equal((await offers(url)).stdout, 'latest-stable x86_64\n3.20 x86_64\n3.9 x86_64\nedge x86_64\n');
  assert.equal((await offers(`${url}/none`)).stdout, '');
});
