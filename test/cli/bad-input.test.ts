// What users get wrong, and what hosts lack: one line that names what failed and which server, and nothing left behind.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { deadPort } from './dead-port.ts';

const rootOnly = { skip: process.getuid?.() === 0 ? false : 'only root creates containers here' };
const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const X = h.name('x');
const busybox = ['-t', 'busybox'];

/** All that a create could have left: names in the lxcpath, ranges, bases, networks. */
function leftBehind(of: Harness): string[] {
  const within = (directory: string) =>
    readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter(entry => !entry.isDirectory() || entry.parentPath === of.lxcpath)
      .map(entry => join(entry.parentPath, entry.name));
  // Locks stay, and hold nothing.
  return [...within(of.lxcpath), ...within(of.stateDir)].filter(path => !/\.lock$|\/\.ids\/lock$/.test(path));
}

/** One line of cause, at most one of hint. */
function assertReadable(stderr: string, words: readonly string[]): void {
  const lines = stderr.trimEnd().split('\n');
  assert.ok(lines.length <= 2, `${words.join(' ')}: ${stderr}`);
  assert.match(lines[0] ?? '', /^tslxc-create: \S/);
  if (lines[1] !== undefined) assert.match(lines[1], /^ {2}hint: \S/);
  assert.doesNotMatch(stderr, /\bat .*\.[jt]s:|undefined|\[object|ENO[A-Z]+/);
}

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [['-n', X, '-t', 'no-such'], /: there is no template no-such\n {2}hint: tslxc-templates lists/],
  [['-n', X, '-t', 'alpin'], /hint: did you mean alpine\? tslxc-templates/],
  [['-n', X, '-t', '/etc/passwd'], /: template \/etc\/passwd is not an executable file/],
  [['-n', X, ...busybox, '--', '--no-such'], /: unrecognized option '--no-such'$/m],
  [['-n', 'a\nb', ...busybox], /"a\\nb" can't be a container's name: it has a control character/],
  [['-n', X, ...busybox, '-P', '/proc/nothing/here'], /: \/proc\/nothing: no such file/],
  [['-n', X, ...busybox, '-P', join(h.settingsFile, 'x')], /tslxc\.yaml\/x: not a directory/],
  [['-n', X, ...busybox, '--memory', 'lots'], /--memory "lots": not a size; write 512M or 2G/],
  [['-n', X, ...busybox, '--cpus', 'all'], /--cpus "all": not a number of cpus/],
  [['-n', X, ...busybox, '--network', 'a b'], /--network "a b": not a bridge's name/],
  [['-n', X, ...busybox, '--ssh-key', '/no/such'], /--ssh-key \/no\/such can't be read: no such file/],
  [
    ['-n', X, ...busybox, '--ssh-key', '/etc/hostname'],
    /the file of --ssh-key has no public key\n {2}hint: /,
  ],
  [['-n', X, ...busybox, '--password', 'a\nb'], /the password is empty or has a control character/],
  [['-n', X, ...busybox, '--password', 'a', '--no-password'], /exclude each other/],
  [['-n', X, '-t', 'debian', '--', '-r', 'no such'], /not a release: no such/],
  [['-n', X, '-t', 'debian', '--', '--mirror', 'ftp://x/'], /not an http or https URL: ftp:\/\/x/],
  [['-n', X, '-t', 'alpine', '--', '-r', 'x'], /not a release: x; for example/],
  [['-n', X, '-t', 'centos', '--', '-r', '99'], /CentOS has no release 99; there are 6 7/],
  [['-n', X, '-t', 'download', '--', '-d', 'alpine'], /which release of alpine is not said: give -r/],
];

for (const [words, message] of WRONG) {
  const said = words.slice(words[0] === '-n' ? 2 : 0).join(' ');
  test(`refused: ${JSON.stringify(said)}`, rootOnly, async () => {
    const { status, stdout, stderr } = await h.run('create', words);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, message);
    assertReadable(stderr, words);
    assert.deepEqual(leftBehind(h), []);
  });
}

test('a server that does not answer is named', rootOnly, async () => {
  const server = `127.0.0.1:${await deadPort()}`;
  const url = `http://${server}/x`;
  const dead = [
    ['debian', '-r', 'trixie', '--mirror', url],
    ['alpine', '--mirror', url],
    ['download', '-d', 'alpine', '-r', '3.20', '--server', `https://${server}`],
    ['oci', '--url', `docker://${server}/x:1`],
  ] as const;
  // Each is asked three times, with seconds between.
  await Promise.all(
    dead.map(async ([template, ...words]) => {
      const command = ['-n', h.name(template), '-t', template, '--', ...words];
      const { status, stderr } = await h.run('create', command);
      assert.equal(status, 1, `${template}: ${stderr}`);
      assert.ok(stderr.split('\n')[0]?.includes(server), `${template} names no server: ${stderr}`);
      assert.match(stderr, /connect|refused/i);
      assertReadable(stderr, command);
    }),
  );
  assert.deepEqual(leftBehind(h), []);
});

test(
  'a disk that is full, of bases or of containers: what is full is named, and it is as it was',
  rootOnly,
  async t => {
    const own = harness(t, { untidy: true });
    const disk = join(own.directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', disk]);
    t.after(() => spawnSync('umount', ['-l', disk]));
    const settings = readFileSync(own.settingsFile, 'utf8');
    writeFileSync(own.settingsFile, settings.replace(/^state_dir: .*$/m, `state_dir: ${disk}`));
    const noBase = await own.run('create', ['-n', own.name('x'), ...busybox]);
    assert.equal(noBase.status, 1);
    assert.match(noBase.stderr, /No space left on device.*\n {2}hint: make room on that filesystem\n$/);
    assertReadable(noBase.stderr, ['state_dir']);
    const left = readdirSync(disk, { recursive: true, withFileTypes: true }).filter(
      entry => !entry.isDirectory(),
    );
    assert.deepEqual(
      left.map(({ name }) => name).filter(name => !name.endsWith('.lock') && name !== 'lock'),
      [],
    );
    assert.deepEqual(readdirSync(own.lxcpath), []);

    writeFileSync(own.settingsFile, settings);
    spawnSync('sh', ['-c', `cat /dev/zero >${disk}/zero`]);
    const noRoom = await own.run('create', ['-P', disk, '-n', own.name('x'), ...busybox]);
    assert.equal(noRoom.status, 1);
    assert.match(
      noRoom.stderr,
      new RegExp(`${disk}.*no space left on device\\n {2}hint: make room on that filesystem\\n$`, 'i'),
    );
    assertReadable(noRoom.stderr, ['-P']);
    assert.deepEqual(
      readdirSync(disk).filter(name => name !== '.images' && name !== '.ids'),
      ['zero'],
    );
  },
);

test('whoever may not write to the lxcpath is told so', rootOnly, () => {
  const program = join(installation().root, 'dist/bin/tslxc-create');
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const env = { ...h.env, HOME: '/nonexistent' };
  const words = [...nobody, program, '-n', X, ...busybox, '-P', h.lxcpath];
  const { status, stderr } = spawnSync('setpriv', words, { env, cwd: '/', encoding: 'utf8' });
  assert.equal(status, 1);
  assertReadable(stderr, words);
  assert.match(stderr, /permission denied|only root|ids/i);
  assert.deepEqual(leftBehind(h), []);
});

test('a directory that a filesystem refuses to make is told at once', rootOnly, async () => {
  const create = await h.run('create', ['-n', X, '-t', 'none', '-P', '/proc/x']);
  assert.equal(create.status, 1);
  assert.match(create.stderr, /\/proc\/x: no such file or directory/);
  // A work directory is made before any registry is asked.
  const words = ['--url', 'docker://127.0.0.1:1/x', '--work', '/proc/x', '--into', join(h.directory, 'into')];
  const fetched = await h.run('fetch-oci', words);
  assert.equal(fetched.status, 1);
  assert.match(fetched.stderr, /^tslxc-fetch-oci: \/proc\/x can't be made/);
});
