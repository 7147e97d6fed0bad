import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { harness } from '../system/harness.ts';
import { entriesOf, processesWith, takenRanges, writeTemplate } from './places.ts';

const RANGE = 65536;

test('busybox: created quietly, unprivileged, whole; destroyed to nothing', async t => {
  const h = harness(t);
  const name = h.name('b1');
  const made = await h.ok('create', ['-n', name, '-t', 'busybox', '--full', '--no-password']);
  assert.equal(made.stdout + made.stderr, '');
  assert.deepEqual(entriesOf(h), [name]);
  assert.deepEqual(takenRanges(h), [h.firstId]);

  const directory = join(h.lxcpath, name);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(join(directory, 'config')).mode & 0o777, 0o640);
  assert.match(readFileSync(join(directory, '.tslxc/id'), 'utf8'), /^[0-9a-f-]{36}\n$/);
  assert.equal(readFileSync(join(directory, '.tslxc/stored'), 'utf8'), 'unshifted\n');
  assert.equal(readFileSync(join(directory, 'rootfs/etc/hostname'), 'utf8'), `${name}\n`);
  assert.equal(lstatSync(join(directory, 'rootfs/sbin/init')).isSymbolicLink(), true);

  const text = h.config(name);
  assert.match(
    text,
    /^# Template used to create this container: .*\/tslxc-busybox\n# Parameters passed to the template:\n/,
  );
  const { config } = loadConfig({ file: join(directory, 'config'), text });
  assert.deepEqual(
    config.idmap.map(({ value }) => value),
    ['u', 'g'].map(kind => ({ kind, nsId: 0, hostId: h.firstId, count: RANGE })),
  );
  assert.equal(config.rootfs.path?.value.spec, join(directory, 'rootfs'));
  assert.match(config.net[0]?.hwaddr?.value ?? '', /^10:66:6a:[0-9a-f:]{8}$/);

  const gone = await h.ok('destroy', ['-n', name]);
  assert.equal(gone.stdout + gone.stderr, '');
  assert.deepEqual(entriesOf(h), []);
  assert.deepEqual(takenRanges(h), []);
});

test('a name that is taken stays as it is, also when two creates race for it', async t => {
  const h = harness(t);
  const name = h.name('b1');
  const both = await Promise.all([1, 2].map(() => h.run('create', ['-n', name, '-t', 'busybox'])));
  assert.deepEqual(both.map(({ status }) => status).sort(), [0, 1]);
  assert.match(both.map(({ stderr }) => stderr).join(''), /Container already exists/);
  const id = readFileSync(join(h.lxcpath, name, '.tslxc/id'), 'utf8');
  assert.equal((await h.run('create', ['-n', name, '-t', 'busybox'])).status, 1);
  assert.equal(readFileSync(join(h.lxcpath, name, '.tslxc/id'), 'utf8'), id);
  assert.equal(takenRanges(h).length, 1);
  assert.deepEqual(entriesOf(h), [name]);
});

test('what is refused, is refused before anything is made', async t => {
  const h = harness(t);
  const full = join(h.directory, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'file'), '');
  const busybox = ['-t', 'busybox'];
  const refused: [string[], RegExp][] = [
    [['-n', h.name('x')], /A template must be specified\n.*none/],
    [['-n', h.name('x'), '-t', 'nope'], /no template nope/],
    [['-n', h.name('x'), '-t', '../tslxc-busybox'], /no template/],
    [['-n', h.name('x'), '-t', '/etc/passwd'], /not an executable file/],
    [['-n', '..', ...busybox], /can't be a container's name/],
    [['-n', 'a/b', ...busybox], /can't be a container's name/],
    [['-n', 'a\nb', ...busybox], /can't be a container's name/],
    [['-n', '.hidden', ...busybox], /can't be a container's name/],
    [['-n', h.name('x'), ...busybox, '--dir', '.'], /not a plain absolute path/],
    [['-n', h.name('x'), ...busybox, '--dir', `${h.directory}/a/../b`], /not a plain absolute path/],
    [['-n', h.name('x'), ...busybox, '--dir', '/'], /not a plain absolute path/],
    [['-n', h.name('x'), ...busybox, '--dir', full], /not empty/],
    [['-n', h.name('x'), ...busybox, '--dir', '/proc'], /a mount point/],
    [['-n', h.name('x'), ...busybox, '-B', 'zfs'], /not supported/],
    [['-n', h.name('x'), ...busybox, '-B', 'floppy'], /not a backing store/],
    [['-n', h.name('x'), ...busybox, '-B', 'overlay', '--dir', '/srv/x'], /--dir goes with/],
    [['-n', h.name('x'), ...busybox, '--fssize', '1G'], /--fssize/],
    [['-n', h.name('x'), ...busybox, '--format', 'xml'], /unknown format/],
  ];
  for (const [args, message] of refused) {
    const { status, stderr, stdout } = await h.run('create', args);
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
  assert.deepEqual(entriesOf(h), []);
  assert.deepEqual(takenRanges(h), []);
  assert.ok(existsSync(join(full, 'file')));
});

test('a template that fails leaves nothing, and its last word is the cause', async t => {
  const h = harness(t);
  const template = writeTemplate(
    h,
    'fails',
    'mkdir "$ROOTFS/x"; chmod 0 "$ROOTFS/x"; echo the disk is on fire >&2; exit 3',
  );
  const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', template]);
  assert.equal(status, 1);
  assert.match(stderr, /failed: the disk is on fire \(exit status 3\)/);
  assert.deepEqual(entriesOf(h), []);
  assert.deepEqual(takenRanges(h), []);
  const quiet = await h.run('create', ['-q', '-n', h.name('x'), '-t', template]);
  assert.equal(quiet.status, 1);
});

test('a template sees what LXC’s convention promises, and its container at the final path', async t => {
  const h = harness(t);
  const template = writeTemplate(
    h,
    'asks',
    'test "$PLACE" = "$(dirname "$ROOTFS")"; test -d "$ROOTFS"; grep -q "^lxc.rootfs.path = dir:$ROOTFS$" "$PLACE/config"\n' +
      'test "$(umask)" = 0022; test $$ -lt 20; echo "lxc.start.auto = 1" >>"$PLACE/config"; echo "last=$*"',
  );
  const name = h.name('x');
  const { stdout } = await h.ok('create', ['-n', name, '-t', template, '--', '--one', 'two words']);
  assert.match(stdout, /last=.* --one two words\n/);
  assert.match(h.config(name), /# Parameters passed to the template: --one two words\n/);
  assert.match(h.config(name), /^lxc.start.auto = 1$/m);
});

test('a template gets no descriptor of ours, and nothing of it outlives it', async t => {
  const h = harness(t);
  const left = `98764.${h.id.slice(9).replaceAll(/\D/g, '7')}`;
  // Not the last command: some shells become that one, and ls has a descriptor of its own.
  const template = writeTemplate(h, 'stays', `setsid sleep ${left} &\nls /proc/$$/fd >"$ROOTFS/fds"\n:`);
  await h.ok('create', ['-n', h.name('x'), '-t', template]);
  const descriptors = readFileSync(join(h.lxcpath, h.name('x'), 'rootfs/fds'), 'utf8')
    .trim()
    .split('\n')
    .map(Number);
  // The shell itself keeps its script open, at 10 or above.
  assert.deepEqual(
    descriptors.filter(fd => fd < 10),
    [0, 1, 2],
  );
  assert.deepEqual(processesWith(left), []);
});

test('templates that plant links, or take the config away, are refused', async t => {
  const h = harness(t, { untidy: true });
  const canary = join(h.directory, 'canary');
  mkdirSync(canary);
  writeFileSync(join(canary, 'file'), 'safe');
  const attacks = {
    linkedRootfs: `rmdir "$ROOTFS"; ln -s ${canary} "$ROOTFS"`,
    linkedConfig: `rm "$PLACE/config"; ln -s ${canary}/file "$PLACE/config"`,
    fifoConfig: 'rm "$PLACE/config"; mkfifo "$PLACE/config"',
    noConfig: 'rm "$PLACE/config"',
    badConfig: 'echo "lxc.no.such.key = 1" >>"$PLACE/config"',
    linkedMarker: `rm -r "$PLACE/.tslxc"; ln -s ${canary} "$PLACE/.tslxc"; exit 1`,
    linksInside: `ln -s ${canary} "$ROOTFS/etc"; ln -s / "$ROOTFS/root"; exit 1`,
    bindInside: `mkdir "$ROOTFS/m"; mount --bind ${canary} "$ROOTFS/m"; exit 1`,
  };
  for (const [what, body] of Object.entries(attacks)) {
    const template = writeTemplate(h, what, body);
    const { status } = await h.run('create', ['-n', h.name('x'), '-t', template]);
    assert.equal(status, 1, what);
    assert.equal(readFileSync(join(canary, 'file'), 'utf8'), 'safe', what);
    assert.deepEqual(entriesOf(h), [], what);
  }
  rmSync(canary, { recursive: true });
});

test('arguments with newlines and headers add nothing to the config', async t => {
  const h = harness(t);
  const template = writeTemplate(h, 'quiet', ':');
  const name = h.name('x');
  await h.ok('create', ['-n', name, '-t', template, '--', 'a\nlxc.hook.pre-start = /bin/evil']);
  const { config } = loadConfig({ file: 'config', text: h.config(name) });
  assert.deepEqual(config.hooks['pre-start'], []);
});

test('-t none makes a config alone; -f names its beginning, and a missing one is told but not fatal', async t => {
  const h = harness(t);
  const base = join(h.directory, 'base.conf');
  writeFileSync(base, '# mine\nlxc.net.0.type = empty\n');
  await h.ok('create', ['-n', h.name('x'), '-t', 'none', '-f', base]);
  assert.match(h.config(h.name('x')), /^# mine\nlxc.net.0.type = empty\nlxc.uts.name = /);
  assert.equal(existsSync(join(h.lxcpath, h.name('x'), 'rootfs')), false);
  const missing = await h.ok('create', ['-n', h.name('y'), '-t', 'none', '-f', '/no/such/file']);
  assert.match(missing.stderr, /can't be read; the config begins empty/);
});

test('overlay: the template fills the lower layer', async t => {
  const h = harness(t);
  const name = h.name('o1');
  await h.ok('create', ['-n', name, '-t', 'busybox', '-B', 'overlay', '--no-cache']);
  const directory = join(h.lxcpath, name);
  assert.match(
    h.config(name),
    new RegExp(`^lxc.rootfs.path = overlay:${directory}/rootfs:${directory}/overlay/delta$`, 'm'),
  );
  assert.ok(existsSync(join(directory, 'rootfs/bin/busybox')));
  assert.ok(statSync(join(directory, 'overlay/delta')).isDirectory());
  await h.ok('destroy', ['-n', name]);
});

test('--dir: the rootfs is there, and goes with its container', async t => {
  const h = harness(t);
  const name = h.name('d1');
  const rootfs = join(h.directory, 'elsewhere');
  await h.ok('create', ['-n', name, '-t', 'busybox', '--dir', rootfs]);
  assert.match(h.config(name), new RegExp(`^lxc.rootfs.path = dir:${rootfs}$`, 'm'));
  assert.ok(existsSync(join(rootfs, 'bin/busybox')));
  await h.ok('destroy', ['-n', name]);
  assert.equal(existsSync(rootfs), false);
  // Another directory at that place is not the container's.
  await h.ok('create', ['-n', name, '-t', 'busybox', '--dir', rootfs]);
  rmSync(rootfs, { recursive: true });
  mkdirSync(rootfs);
  writeFileSync(join(rootfs, 'mine'), '');
  await h.ok('destroy', ['-n', name]);
  assert.ok(existsSync(join(rootfs, 'mine')));
  rmSync(rootfs, { recursive: true });
});

test('--privileged and the lxc-* names map no ids', async t => {
  const h = harness(t);
  const made = await h.ok('create', ['-n', h.name('p1'), '-t', 'busybox', '--privileged']);
  assert.match(made.stderr, /is privileged/);
  assert.doesNotMatch(h.config(h.name('p1')), /lxc.idmap/);
  await h.ok('create', ['-n', h.name('p2'), '-t', 'busybox'], { flavour: 'lxc' });
  assert.doesNotMatch(h.config(h.name('p2')), /lxc.idmap/);
  assert.deepEqual(takenRanges(h), []);
});

test('--format json tells events, one a line', async t => {
  const h = harness(t);
  const talks = writeTemplate(h, 'talks', 'echo one; echo two >&2');
  const { stdout, stderr } = await h.ok('create', ['-n', h.name('x'), '-t', talks, '--format', 'json']);
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  assert.equal(stderr, '');
  assert.ok(events.some(({ event, text }) => event === 'output' && text === 'one'));
  assert.deepEqual(events.at(-1), {
    event: 'created',
    name: h.name('x'),
    lxcpath: h.lxcpath,
    path: join(h.lxcpath, h.name('x')),
  });
  const failed = await h.run('create', ['-n', h.name('x'), '-t', talks, '--format', 'json']);
  assert.equal(JSON.parse(failed.stdout).code, 'ALREADY_EXISTS');
});

test('-t TEMPLATE -h is our help and then the template’s', async t => {
  const h = harness(t);
  const { status, stderr } = await h.run('create', ['-t', 'busybox', '-h']);
  assert.equal(status, 0);
  assert.match(stderr, /Usage: tslxc-create[\s\S]*--busybox-path=FILE/);
});
