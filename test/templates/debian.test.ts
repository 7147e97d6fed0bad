import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { harness } from '../system/harness.ts';
import { entriesOf, takenRanges } from './places.ts';

const INSTALL_MS = 300_000;
const SYSTEMD_UNITS = 'etc/systemd/system/multi-user.target.wants';

test('stable, from the mirror: whole, its own, and nobody can log in yet', async t => {
  const h = harness(t);
  const name = h.name('d1');
  const { stdout } = await h.ok('create', ['-n', name, '-t', 'debian', '--full', '--no-password'], {
    timeoutMs: INSTALL_MS,
  });
  assert.match(stdout, /^Installing Debian [a-z]+ \([a-z0-9]+\) from http.* with (mmdebstrap|debootstrap)$/m);
  assert.deepEqual(entriesOf(h), [name]);

  const rootfs = join(h.lxcpath, name, 'rootfs');
  const text = (file: string) => readFileSync(join(rootfs, file), 'utf8');
  assert.match(text('usr/lib/os-release'), /^ID=debian$/m);
  assert.equal(text('etc/hostname'), `${name}\n`);
  assert.match(text('etc/hosts'), new RegExp(`^127.0.1.1\\t${name}$`, 'm'));
  assert.match(text('etc/machine-id'), /^[0-9a-f]{32}\n$/);
  assert.deepEqual(readdirSync(join(rootfs, 'dev')), []);
  assert.match(text('etc/shadow'), /^root:[!*]/m);
  assert.equal(text('etc/locale.conf'), 'LANG=C.UTF-8\n');
  assert.equal(readlinkSync(join(rootfs, 'etc/resolv.conf')), '../run/systemd/resolve/stub-resolv.conf');
  assert.ok(lstatSync(join(rootfs, SYSTEMD_UNITS, 'systemd-networkd.service')));
  const suites = text('etc/apt/sources.list')
    .trim()
    .split('\n')
    .map(line => line.split(' ')[3]);
  assert.deepEqual(suites, [suites[0], `${suites[0]}-updates`, `${suites[0]}-security`]);
  const devices = ['find', rootfs, '-xdev', '(', '-type', 'b', '-o', '-type', 'c', ')'] as const;
  assert.equal(execFileSync(devices[0], devices.slice(1), { encoding: 'utf8' }), '');

  const { config } = loadConfig({ file: join(h.lxcpath, name, 'config') });
  assert.equal(config.idmap[0]?.value.hostId, h.firstId);
  assert.ok(config.cap.drop.some(({ value }) => value === 'sys_rawio'));
  await h.ok('destroy', ['-n', name]);
  assert.deepEqual(entriesOf(h), []);
});

test('words that could be more than a word are refused', async t => {
  const h = harness(t);
  const refused: [string[], RegExp][] = [
    [['-r', '--eval'], /not a release/],
    [['-r', '../sid'], /not a release/],
    [['-a', 'amd64;id'], /not an architecture/],
    [['--packages', 'a,b -o Dir::x=y'], /not a list of packages/],
    [['--packages', '--setup-hook=id'], /not a list of packages/],
    [['--mirror', 'http://x/ $(id)'], /not a URL/],
    [['--mirror', 'http://x\ndeb http://y z main'], /not a URL/],
    [['--nonsense'], /unrecognized option/],
    [['word'], /unexpected argument: word/],
  ];
  for (const [words, message] of refused) {
    const { status, stderr } = await h.run('create', ['-n', h.name('x'), '-t', 'debian', '--', ...words]);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
});

/** A mirror on the loopback address that answers each path with what `answer` gives: a text, or a status. */
async function mirror(t: TestContext, answer: (path: string) => string | number) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const what = answer(request.url ?? '');
    response.statusCode = typeof what === 'number' ? what : 200;
    response.end(typeof what === 'number' ? '' : what);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}/debian`, asked };
}

function release(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ Origin: 'Debian', Codename: 'trixie', ...fields }).map(
    ([k, v]) => `${k}: ${v}`,
  );
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${lines.join('\n')}\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n`;
}

test('an index that no Debian key signed is refused, and --accept-expired does not change that', async t => {
  const h = harness(t);
  const { url } = await mirror(t, () => release({ 'Valid-Until': 'Fri, 06 Nov 2020 08:08:01 UTC' }));
  for (const more of [[], ['--accept-expired']]) {
    const args = ['-n', h.name('x'), '-t', 'debian', '--', '--mirror', url, ...more];
    const { status, stderr } = await h.run('create', args);
    assert.equal(status, 1);
    assert.match(stderr, /its signature is not by a key in|expired on|NO_PUBKEY|signature/i);
    assert.doesNotMatch(stderr, /is used as you asked/);
  }
  assert.deepEqual(entriesOf(h), []);
  assert.deepEqual(takenRanges(h), []);
});

test('a mirror without the release is told apart from one that does not answer', async t => {
  const h = harness(t);
  const empty = await mirror(t, () => 404);
  const none = await h.run('create', ['-n', h.name('x'), '-t', 'debian', '--', '--mirror', empty.url]);
  assert.match(none.stderr, new RegExp(`${empty.url} has no Debian stable`));
  assert.equal(empty.asked.length, 1);
  const broken = await mirror(t, () => 503);
  const down = await h.run('create', ['-n', h.name('x'), '-t', 'debian', '--', '--mirror', broken.url]);
  assert.match(down.stderr, /can't get .*\/dists\/stable\/InRelease: .*503/);
  assert.ok(broken.asked.length >= 3, 'a passing failure is tried again');
});

test('an expired index is refused with its date and the option that accepts it', async t => {
  const h = harness(t);
  // testing's index promises a week; a mirror that stands still is past it, a living one is not.
  const { status, stderr } = await h.run(
    'create',
    ['-n', h.name('x'), '-t', 'debian', '--', '-r', 'forky', '--packages', 'no.such'],
    {
      timeoutMs: INSTALL_MS,
    },
  );
  assert.equal(status, 1);
  if (!/expired/.test(stderr)) {
    t.skip('this mirror’s forky is fresh');
    return;
  }
  assert.match(
    stderr,
    /forky\/InRelease expired on \w{3}, \d\d \w{3} \d{4} .*; --accept-expired installs from it/,
  );
});
