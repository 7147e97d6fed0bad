import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { type Answer, flipped, loopback } from './loopback.ts';
import { entriesOf } from './places.ts';
import { type ThrowAwayKey, throwAwayKey } from './throw-away-key.ts';

const NAME = 'stage3-amd64-openrc-20240901T170410Z.tar.xz';
const OLDER = 'stage3-amd64-openrc-20200901T170410Z.tar.xz';
const BUILDS = '/releases/amd64/autobuilds';
const LATEST = `${BUILDS}/latest-stage3-amd64-openrc.txt`;
const at = (name: string): string => `${BUILDS}/${name.slice(-23, -7)}/${name}`;

/** What a stage3 with OpenRC and sysvinit has and the template changes; a device node too, and an identity. */
function packStage3(): Buffer {
  const tree = join(key.home, 'stage3');
  const files: Record<string, string> = {
    'etc/rc.conf': '#rc_sys=""\nrc_tty_number=12\n',
    'etc/inittab':
      'id:3:initdefault:\nsi::sysinit:/sbin/openrc sysinit\nc1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux\n' +
      'c6:2345:respawn:/sbin/agetty 38400 tty6 linux\nca:12345:ctrlaltdel:/sbin/shutdown -r now\n',
    'etc/shadow': 'root:*:10770:0:::::\n',
    'etc/fstab': '/dev/BOOT /boot ext4 noauto 1 2\n',
    'etc/conf.d/hostname': 'hostname="localhost"\n',
    'etc/ssh/ssh_host_rsa_key': 'everybody’s\n',
    'etc/init.d/sshd': '#!/sbin/openrc-run\n',
    'bin/busybox': '',
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(tree, file, '..'), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  mkdirSync(join(tree, 'dev'));
  execFileSync('mknod', [join(tree, 'dev/loop0'), 'b', '7', '0']);
  return execFileSync('tar', ['-C', tree, '-cJf', '-', '.'], {
    maxBuffer: 1 << 26,
    env: { ...process.env, XZ_OPT: '-0' },
  });
}

function clearsigned(by: ThrowAwayKey, text: string): Buffer {
  const file = join(by.home, 'text');
  writeFileSync(file, text);
  by.gpg('--output', `${file}.asc`, '--clearsign', file);
  return readFileSync(`${file}.asc`);
}

/** In the form of Gentoo's DIGESTS: two kinds of digest, as long as each other, of two files. */
function digests(by: ThrowAwayKey, name: string, bytes: Buffer): Buffer {
  const sha512 = execFileSync('sha512sum', { input: bytes, encoding: 'utf8' }).slice(0, 128);
  const of = (kind: string, digest: string): string =>
    `# ${kind} HASH\n${digest}  ${name}\n# ${kind} HASH\n${'0'.repeat(128)}  ${name}.CONTENTS.gz\n`;
  return clearsigned(by, of('BLAKE2B', 'f'.repeat(128)) + of('SHA512', sha512));
}

// Made once: keys take their time.
const key = throwAwayKey({ after: done => after(done as () => void) });
const stage3 = packStage3();
const files: Readonly<Record<string, Buffer>> = {
  [LATEST]: clearsigned(
    key,
    `# Latest as of Sun\n# ts=1725210250\n${at(NAME).slice(BUILDS.length + 1)} 1234\n`,
  ),
  [at(NAME)]: stage3,
  [`${at(NAME)}.DIGESTS`]: digests(key, NAME, stage3),
};

interface Mirror {
  readonly h: Harness;
  create(more: Readonly<Record<string, Answer>>, ...words: string[]): ReturnType<Harness['run']>;
}

function mirror(t: TestContext): Mirror {
  const h = harness(t);
  const create: Mirror['create'] = async (more, ...words) => {
    const { url } = await loopback(t, path => more[path] ?? files[path] ?? 404);
    const keys = words.includes('--keyring') ? [] : ['--keyring', key.file];
    const args = [
      '-n',
      h.name('g'),
      '-t',
      'gentoo',
      '--full',
      '--no-password',
      '--',
      '--arch',
      'amd64',
      '--mirror',
      url,
      ...keys,
      ...words,
    ];
    return h.run('create', args);
  };
  return { h, create };
}

test('a stage3 from a mirror becomes a container’s: its terminals, network, keys, and no device nodes', async t => {
  const { h, create } = mirror(t);
  const { status, stderr } = await create({});
  assert.equal(status, 0, stderr);
  const rootfs = join(h.lxcpath, h.name('g'), 'rootfs');
  const text = (file: string): string => readFileSync(join(rootfs, file), 'utf8');
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  assert.deepEqual(
    readdirSync(join(h.lxcpath, h.name('g'))).filter(name => name.includes('stage3')),
    [],
  );
  assert.equal(text('etc/rc.conf'), 'rc_tty_number=12\nrc_sys="lxc"\n');
  const inittab = text('etc/inittab');
  assert.match(inittab, /^si::sysinit:\/sbin\/openrc sysinit$/m);
  assert.match(inittab, /^pf:12345:powerwait:\/sbin\/shutdown -h now$/m);
  assert.deepEqual(
    inittab.match(/(console|tty\d) linux$/gm)?.map(line => line.split(' ')[0]),
    ['console', ...['tty1', 'tty2', 'tty3', 'tty4']],
  );
  assert.equal(text('etc/fstab'), '');
  assert.equal(text('etc/conf.d/hostname'), `hostname="${h.name('g')}"\n`);
  assert.equal(existsSync(join(rootfs, 'etc/ssh/ssh_host_rsa_key')), false);
  assert.match(text('etc/ssh/ssh_host_ed25519_key.pub'), new RegExp(`root@${h.name('g')}`));
  assert.match(text('etc/init.d/eth0-dhcp'), /^command=\/bin\/busybox$/m);
  assert.ok(readdirSync(join(rootfs, 'etc/runlevels/default')).includes('eth0-dhcp'));
});

test('what Gentoo’s key did not sign, or signed as something else, is refused and leaves nothing', async t => {
  const { h, create } = mirror(t);
  const other = throwAwayKey(t, 'other <other@example.org>');
  const DIGESTS = `${at(NAME)}.DIGESTS`;
  const unsigned = (bytes: Buffer): string =>
    bytes
      .toString()
      .replace(/^-----BEGIN.*?\n\n/s, '')
      .replace(/-----BEGIN PGP SIGNATURE.*/s, '');
  const latest = files[LATEST] ?? Buffer.alloc(0);
  const attacks: [string, Record<string, Answer>, RegExp][] = [
    [
      'a bit of the stage3',
      { [at(NAME)]: flipped(stage3, -5000) },
      /20240901T170410Z.tar.xz: its sha512 is not what its signed DIGESTS say/,
    ],
    [
      'a bit of the pointer',
      { [LATEST]: flipped(latest, 120) },
      /latest-stage3-amd64-openrc.txt: its signature is not by a key in/,
    ],
    [
      'a pointer without a signature',
      { [LATEST]: unsigned(latest) },
      /latest-stage3-amd64-openrc.txt: its signature is not/,
    ],
    [
      'a line before what is signed',
      { [LATEST]: `${at(OLDER).slice(BUILDS.length + 1)} 1\n${latest}` },
      /^$/,
    ],
    [
      'another’s signature',
      { [DIGESTS]: digests(other, NAME, stage3) },
      /DIGESTS: its signature is not by a key in/,
    ],
    [
      'digests of an older one',
      { [DIGESTS]: digests(key, OLDER, stage3) },
      /DIGESTS has no SHA512 of stage3-amd64-openrc-20240901T/,
    ],
    ['no digests', { [DIGESTS]: 404 }, /there is no .*DIGESTS/],
  ];
  for (const [what, instead, message] of attacks) {
    const { status, stdout, stderr } = await create(instead);
    assert.match(stderr, message, what);
    // What stands around the signed text counts for nothing.
    if (status === 0) {
      assert.match(stdout, /20240901T170410Z/, what);
      await h.ok('destroy', ['-n', h.name('g')]);
    } else assert.equal(status, 1, what);
    assert.deepEqual(entriesOf(h), [], what);
  }
});

test('a stage3 that is here already is checked by what is beside it', async t => {
  const { h, create } = mirror(t);
  const file = join(h.directory, NAME);
  writeFileSync(file, stage3);
  assert.match((await create({}, '--stage3', file)).stderr, /has no signature beside it/);
  key.sign([file], 'asc');
  writeFileSync(file, flipped(stage3, 5000));
  assert.match((await create({}, '--stage3', file)).stderr, /its signature is not by a key in/);
  writeFileSync(file, stage3);
  const { status, stderr } = await create({}, '--stage3', file);
  assert.equal(status, 0, stderr);
});

test('without a key, and for what is not on the mirror, it says what to do', async t => {
  const { create } = mirror(t);
  assert.match((await create({}, '--variant', 'nosuch')).stderr, /has no stage3-amd64-nosuch/);
  assert.match((await create({}, '--variant', '../x')).stderr, /not a variant/);
  assert.match((await create({}, '--mirror', 'http://x y')).stderr, /not a URL/);
  assert.match(
    (await create({}, '--keyring', '/nonexistent')).stderr,
    /--keyring \/nonexistent: there is no such file/,
  );
});
