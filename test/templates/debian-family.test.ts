// Ubuntu, Devuan and Kali from small archives that the test signs, through the real templates and mmdebstrap.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';
import { Terminal } from '../system/live.ts';
import { lacking } from './hidden-programs.ts';
import { flipped } from './loopback.ts';
import { entriesOf, takenRanges } from './places.ts';
import {
  type Change,
  look as lookWith,
  mirrorOf,
  type Said,
  secureServer,
  smallArchive,
} from './small-archive.ts';

const INSTALL_MS = 120_000;
const INDEX = '/dists/noble/InRelease';
const file = { after: (run: unknown) => after(run as () => Promise<void>), diagnostic: () => {} };
const h = harness(file);
const { directory: archive, archiveKey, otherKey } = smallArchive(file, join(h.directory, 'archive'));

const mirror = (t: TestContext, change?: Change) => mirrorOf(t, archive, change);
const look = (distribution: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  lookWith(distribution, words, { ...h.env, TSLXC_CACHE: h.cacheDir, ...env });

const trusting = (url: string, ...more: string[]) => ['--mirror', url, '--keyring', archiveKey.file, ...more];

const create = (distribution: string, name: string, words: readonly string[]): Promise<Said> =>
  h.run('create', ['-n', name, '-t', distribution, '--', ...words], { timeoutMs: INSTALL_MS });

async function tree(name: string): Promise<(path: string) => string> {
  const { stdout } = await h.ok('mount', ['-n', name]);
  assert.ok(existsSync(join(h.lxcpath, name, 'rootfs/etc')), stdout);
  return path => readFileSync(join(h.lxcpath, name, 'rootfs', path), 'utf8');
}

test('ubuntu: from its archive, with keys of its own by the time sshd starts; a package is downloaded once', async t => {
  const { url, asked } = await mirror(t);
  const name = h.name('u1');
  const made = await create('ubuntu', name, trusting(url, '--packages', 'openssh-server'));
  assert.equal(made.status, 0, made.stderr);
  assert.match(
    made.stdout,
    /^Installing Ubuntu noble \(amd64\) from http:\/\/127\.0\.0\.1:\d+ with mmdebstrap$/m,
  );
  const text = await tree(name);
  assert.equal(text('etc/hostname'), `${name}\n`);
  const sources = ['noble', 'noble-updates', 'noble-security'].map(
    suite => `deb [signed-by=/etc/apt/keyrings/tslxc.gpg] ${url} ${suite} main universe\n`,
  );
  assert.equal(text('etc/apt/sources.list'), sources.join(''));
  assert.match(text('etc/systemd/network/eth0.network'), /^DHCP=yes$/m);
  assert.match(text('etc/systemd/system/tslxc-ssh-keys.service'), /^ConditionPathExists=!.*rsa_key$/m);
  const units = join(h.lxcpath, name, 'rootfs/etc/systemd/system/multi-user.target.wants');
  assert.ok(readdirSync(units).includes('tslxc-ssh-keys.service'));
  assert.match(text('etc/ssh/ssh_host_ed25519_key.pub'), new RegExp(`^ssh-ed25519 .* root@${name}$`, 'm'));
  for (const file of ['etc/ssh/ssh_host_rsa_key', 'etc/apt/apt.conf.d/99mmdebstrap'])
    assert.throws(() => text(file), /ENOENT/);
  assert.match(h.config(name), /^lxc\.include = .*\/etc\/ubuntu\.conf$/m);
  assert.match(h.config(name), /^# Ubuntu noble, from http:.*\nlxc\.arch = amd64$/m);

  // What containers share is nobody's.
  const [base = ''] = readdirSync(join(h.stateDir, '.images')).filter(id => /^[0-9a-f]{64}$/.test(id));
  const shared = join(h.stateDir, '.images', base, 'rootfs');
  assert.equal(readFileSync(join(shared, 'etc/machine-id'), 'utf8'), '');
  for (const file of [
    'etc/hostname',
    'etc/hosts',
    'etc/ssh/ssh_host_ed25519_key',
    'etc/apt/apt.conf.d/99mmdebstrap',
  ])
    assert.ok(!existsSync(join(shared, file)), file);
  assert.deepEqual(readdirSync(join(shared, 'dev')), []);

  const before = asked.filter(path => path.endsWith('.deb'));
  assert.equal(new Set(before).size, before.length);
  const second = h.name('u2');
  const words = trusting(url, '--packages', 'openssh-server,ubuntu-keyring');
  assert.equal((await create('ubuntu', second, words)).status, 0);
  const fresh = asked.filter(path => path.endsWith('.deb')).slice(before.length);
  assert.deepEqual(fresh, ['/pool/ubuntu-keyring_1.0_amd64.deb']);
  // Its own keyring package fits the mirror: that is renewed by apt, a copy is not.
  const own = (await tree(second))('etc/apt/sources.list');
  assert.match(own, /^deb \[signed-by=\/usr\/share\/keyrings\/ubuntu-archive-keyring\.gpg\] /);
});

test('devuan: sysvinit with the signals, terminals and network it needs; no security suite is said, not fatal', async t => {
  const { url } = await mirror(t);
  const name = h.name('v1');
  const made = await create('devuan', name, trusting(url, '--packages', 'openssh-server'));
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, new RegExp(`^${url} has no excalibur-security: going on without it$`, 'm'));
  const text = await tree(name);
  assert.match(text('etc/apt/sources.list'), / excalibur main\n.* excalibur-updates main\n$/);
  assert.match(text('etc/inittab'), /^pf::powerfail:\/sbin\/init 0$/m);
  assert.match(text('etc/inittab'), /^t4:2345:respawn:.* tty4$/m);
  assert.match(text('etc/network/interfaces'), /^iface eth0 inet dhcp$/m);
  assert.match(text('etc/rc2.d/S01tslxc-ssh-keys'), /X-Start-Before: +ssh$/m);
  assert.match(h.config(name), /^lxc\.signal\.halt = SIGPWR$/m);
});

test('kali: one suite, and nothing else is asked for', async t => {
  const { url, asked } = await mirror(t);
  const name = h.name('k1');
  const made = await create('kali', name, trusting(url, '--variant', 'standard'));
  assert.equal(made.status, 0, made.stderr);
  assert.equal(
    (await tree(name))('etc/apt/sources.list').replace(/\[.*\]/, '[]'),
    `deb [] ${url} kali-rolling main contrib non-free non-free-firmware\n`,
  );
  assert.deepEqual(
    asked.filter(path => /updates|security/.test(path)),
    [],
  );
});

test('what is not signed by the keys, or was changed since, is refused and names its file', async t => {
  const signed = readFileSync(join(archive, INDEX));
  const place = signed.indexOf('Codename');
  const cases: [string, Change, readonly string[], RegExp][] = [
    [
      'another key',
      () => undefined,
      ['--keyring', otherKey.file],
      /InRelease: its signature is not by a key in \S+ \(it is by [0-9A-F]+\)/,
    ],
    [
      'a flipped bit',
      path => (path === INDEX ? flipped(signed, place) : undefined),
      [],
      /noble\/InRelease is not what was signed/,
    ],
    [
      'text before what is signed',
      path => (path === INDEX ? Buffer.concat([Buffer.from('Codename: sid\n'), signed]) : undefined),
      [],
      /^$/,
    ],
    [
      'no signature',
      path => (path === INDEX ? readFileSync(join(archive, 'dists/noble/Release')) : undefined),
      [],
      /has no signature/,
    ],
  ];
  for (const [what, change, words, message] of cases) {
    const { url } = await mirror(t, change);
    const said = await look('ubuntu', [...trusting(url), ...words]);
    assert.match(said.stderr, message, what);
    assert.equal(said.status, message.source === '^$' ? 0 : 1, what);
    if (said.status === 0) assert.match(said.stdout, /^release noble$/m, what);
  }
});

test('a package that is not what the index says is refused, and nothing is left', async t => {
  const { url } = await mirror(t, path =>
    path.endsWith('/hello_1.0_amd64.deb') ? flipped(readFileSync(join(archive, path)), -1) : undefined,
  );
  const before = entriesOf(h);
  const ranges = takenRanges(h);
  const said = await create('ubuntu', h.name('bad'), trusting(url, '--packages', 'hello'));
  assert.equal(said.status, 1);
  assert.match(
    said.stderr,
    /mmdebstrap could not install Ubuntu noble from http:\/\/127\S+: Failed to fetch \S+hello_1\.0_amd64\.deb/,
  );
  assert.deepEqual(entriesOf(h), before);
  assert.deepEqual(takenRanges(h), ranges);
});

test('what a mirror lacks is told with its address', async t => {
  const { url } = await mirror(t);
  const cases: [string, readonly string[], RegExp][] = [
    ['ubuntu', ['-r', 'jammy'], new RegExp(`: ${url} has no Ubuntu jammy$`, 'm')],
    ['ubuntu', ['-a', 'i386'], /has no i386 of Ubuntu noble; its Architectures: amd64$/m],
    [
      'ubuntu',
      ['--components', 'main,restricted'],
      /has no restricted of Ubuntu noble; its Components: main universe$/m,
    ],
    ['devuan', ['-r', 'ceres'], /has no Devuan ceres$/m],
    ['devuan', ['--init', 'systemd'], /Devuan has no --init systemd; it has sysvinit openrc$/m],
    ['kali', ['--variant', 'huge'], /not a variant: huge \(minbase, important or standard\)$/m],
  ];
  for (const [distribution, words, message] of cases) {
    const { status, stderr } = await look(distribution, trusting(url, ...words));
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
});

test('all that this host lacks is told at once, with the packages that have it', () => {
  const programs = ['/usr/bin/mmdebstrap', '/usr/sbin/debootstrap', '/usr/bin/gpg', '/usr/bin/gpgv'];
  assert.match(
    lacking('ubuntu', programs),
    /this host lacks mmdebstrap or debootstrap, gpgv, gpg; get it with: apt-get install gnupg gpgv mmdebstrap$/m,
  );
  // Who names a file of keys needs no gpg to compare them with.
  assert.match(
    lacking('ubuntu', programs, ['--keyring', archiveKey.file]),
    /lacks mmdebstrap or debootstrap, gpgv; get/,
  );
});

test('a server that hiccups is asked again', async t => {
  let times = 0;
  const { url } = await mirror(t, path => (path === INDEX && times++ < 1 ? 503 : undefined));
  assert.equal((await look('ubuntu', trusting(url))).status, 0);
  assert.equal(times, 2);
});

test('keys from the distribution: by https alone, and by their fingerprint', async t => {
  const { url } = await mirror(t);
  const plain = await mirror(t, () => readFileSync(archiveKey.file));
  const both = Buffer.concat([readFileSync(archiveKey.file), readFileSync(otherKey.file)]);
  const answers: Readonly<Record<string, Uint8Array | string>> = {
    '/both.gpg': both,
    '/keyring_1_all.deb': readFileSync(join(archive, 'pool/ubuntu-keyring_1.0_amd64.deb')),
    '/away.gpg': `${plain.url}/key.gpg`,
    '/page.gpg': Buffer.from('<html>'),
  };
  const secure = await secureServer(t, h.directory, path => answers[path] ?? 404);
  const ask = (keyring: string, ...words: string[]) =>
    look('ubuntu', ['--mirror', url, '--keyring', keyring, ...words], secure.env);
  const refused = async (keyring: string, message: RegExp, ...words: string[]) => {
    const { status, stderr } = await ask(keyring, ...words);
    assert.match(stderr, message);
    assert.equal(status, 1);
  };
  await refused(
    `${secure.url}/both.gpg`,
    new RegExp(
      `the keys of Ubuntu at \\S+ have the fingerprints ${archiveKey.fingerprint} and ${otherKey.fingerprint}: .* --key-fingerprint ${archiveKey.fingerprint},${otherKey.fingerprint}, or --keyring FILE$`,
      'm',
    ),
  );
  await refused(`${plain.url}/key.gpg`, /is not https/);
  await refused(`${secure.url}/away.gpg`, /can't get https:.*away\.gpg: .*; or give --keyring FILE$/m);
  assert.deepEqual(plain.asked, [], 'nothing was taken from where it led');
  await refused(`${secure.url}/gone.gpg`, /there is no key of Ubuntu at \S+gone\.gpg: give --keyring FILE/);
  await refused(`${secure.url}/page.gpg`, /page\.gpg is not a key/);
  await refused(
    `${secure.url}/both.gpg`,
    /has the fingerprints .*, not A{40}$/m,
    '--key-fingerprint',
    'A'.repeat(40),
  );
  // Pinned to the other key, the keyring does not hold the one that signed.
  await refused(
    `${secure.url}/both.gpg`,
    /not by a key in/,
    '--key-fingerprint',
    otherKey.fingerprint.toLowerCase(),
  );
  for (const keyring of ['both.gpg', 'keyring_1_all.deb']) {
    const spaced = archiveKey.fingerprint.replaceAll(/(.{4})/g, '$1 ');
    const said = await ask(`${secure.url}/${keyring}`, '--key-fingerprint', spaced);
    assert.equal(said.status, 0, said.stderr);
  }
});

test('on a terminal the keys are shown and asked about once', async t => {
  const { url } = await mirror(t);
  const secure = await secureServer(t, h.directory, () => readFileSync(archiveKey.file));
  const program = join(installation().templates, 'tslxc-ubuntu');
  const words = ['--phase=look', '--mirror', url, '--keyring', `${secure.url}/key.gpg`];
  for (const answer of ['no', 'yes', undefined]) {
    const terminal = new Terminal(t, program, words, { ...h.env, ...secure.env });
    if (answer !== undefined) {
      await terminal.see(`${archiveKey.fingerprint} archive <archive@example.org>`);
      await terminal.see('Type yes to trust them, then Enter:');
      terminal.write(`${answer}\r`);
    }
    await terminal.see(answer === 'no' ? 'the keys of Ubuntu are not trusted' : 'release noble');
  }
});

test('armored keys, and a package of keys, are as good as a binary keyring', async t => {
  const { url } = await mirror(t);
  const armored = join(h.directory, 'keys.asc');
  writeFileSync(armored, [otherKey, archiveKey].map(key => key.gpg('--armor', '--export')).join('\n'));
  for (const keyring of [armored, join(archive, 'pool/ubuntu-keyring_1.0_amd64.deb')]) {
    const said = await look('ubuntu', ['--mirror', url, '--keyring', keyring]);
    assert.equal(said.status, 0, said.stderr);
  }
});

test('kept packages: changed ones are left out, and builds at once do not break each other', async () => {
  const program = join(installation().templates, 'debian-packages.sh');
  const kept = join(h.directory, 'kept');
  const directory = (name: string) => {
    mkdirSync(join(h.directory, name), { recursive: true });
    return join(h.directory, name);
  };
  const run = (verb: string, archives: string) =>
    new Promise<number>(resolve =>
      spawn('sh', [program, verb, kept, archives], { stdio: 'inherit' }).once('close', code =>
        resolve(code ?? -1),
      ),
    );
  const first = directory('archives-0');
  for (const name of ['a', 'b', 'c']) writeFileSync(join(first, `${name}_1_all.deb`), name.repeat(1000));
  assert.equal(await run('keep', first), 0);
  writeFileSync(join(kept, 'b_1_all.deb'), 'B'.repeat(1000));
  const second = directory('archives-1');
  assert.equal(await run('bring', second), 0);
  assert.deepEqual(execFileSync('ls', ['-A', second], { encoding: 'utf8' }).trim().split('\n'), [
    'a_1_all.deb',
    'c_1_all.deb',
  ]);

  const many = [2, 3, 4, 5, 6, 7].map(at => directory(`archives-${at}`));
  for (const [at, one] of many.entries())
    writeFileSync(join(one, `d${at}_1_all.deb`), String(at).repeat(1000));
  const verbs = many.map(one => run('keep', one));
  verbs.push(...[8, 9].map(at => run('bring', directory(`archives-${at}`))));
  assert.deepEqual(new Set(await Promise.all(verbs)), new Set([0]));
  execFileSync('rm', ['-rf', kept]);
  assert.equal(await run('bring', directory('archives-10')), 0);
});
