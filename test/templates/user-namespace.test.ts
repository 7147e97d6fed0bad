// Templates for a container of LXC's with an id map: what LXC gives them, they get from us.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { serveImages } from './image-server.ts';
import { addImage, writeIndexes } from './image-tree.ts';
import { entriesOf, writeTemplate } from './places.ts';
import { ownersBeneath } from './plain-user.ts';
import { noLxc } from './under-lxc.ts';

const IDS = 65536;

/** A config whose container has one of the harness's ranges. */
function mappedConfig(h: Harness, range = 1): { file: string; first: number } {
  const first = h.firstId + range * IDS;
  const file = join(h.directory, `mapped${range}.conf`);
  const lines = [
    'lxc.net.0.type = empty',
    `lxc.idmap = u 0 ${first} ${IDS}`,
    `lxc.idmap = g 0 ${first} ${IDS}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, first };
}

/** What a template can find out about itself, without what names its container. */
const ASKS = `
for word in "$@"; do echo "argument $word"; done
id -u; id -g; id -G
cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
umask; pwd; env | grep -vE '^(_|TSLXC_.*)=' | sort
grep -E '^(Cap|Groups|Seccomp|NoNewPrivs|SigBlk|SigIgn)' /proc/self/status
ls -lnd "$PLACE/config" "$ROOTFS" | cut -d' ' -f1,3,4
[ -w "$PLACE/config" ] && echo may write config
mknod "$ROOTFS/node" c 1 3 || echo no device
hostname mine || echo no hostname
`;

test('a template finds what LXC’s own lxc-create shows it, and leaves the same owners', {
  skip: noLxc,
}, async t => {
  const h = harness(t);
  const { file, first } = mappedConfig(h);
  const makes =
    'touch "$ROOTFS/mine"; mkdir "$ROOTFS/home"; chown 5:7 "$ROOTFS/home"; chmod 2755 "$ROOTFS/home"';
  const said = join(h.directory, 'said');
  const template = writeTemplate(
    h,
    'asks',
    `exec > "${said}-$NAME" 2>&1\n${ASKS}\n${makes}\necho "# mine" >> "$PLACE/config"`,
  );
  const words = ['-f', file, '-t', template, '-P', h.lxcpath];
  const theirs = h.name('theirs');
  const ours = h.name('ours');
  t.after(() => rmSync(`/run/lxc/lock/${h.directory}`, { recursive: true, force: true }));
  // Its own user namespace begins with every signal as it is by default, as ours does: Node would ignore one.
  const options = { env: { ...h.env, MINE: 'kept' }, cwd: '/var' };
  execFileSync('/usr/bin/lxc-create', ['-n', theirs, ...words, '--', '--one', 'two'], {
    ...options,
    stdio: 'ignore',
  });
  await h.ok('create', ['-n', ours, ...words, '--', '--one', 'two'], {
    flavour: 'lxc',
    env: { MINE: 'kept' },
    cwd: '/var',
  });
  const heard = (name: string) => readFileSync(`${said}-${name}`, 'utf8').replaceAll(name, 'NAME');
  assert.equal(heard(ours), heard(theirs));
  assert.match(
    heard(ours),
    new RegExp(
      `argument two\nargument --mapped-uid\nargument ${IDS}\nargument --mapped-gid\nargument ${IDS}\n`,
    ),
  );
  const owners = (name: string) => {
    const directory = join(h.lxcpath, name);
    return ['.', 'config', 'rootfs', 'rootfs/mine', 'rootfs/home'].map(path => {
      const { uid, gid, mode } = lstatSync(join(directory, path));
      return [path, uid - first, gid - first, mode.toString(8)];
    });
  };
  assert.deepEqual(owners(ours), owners(theirs));
  assert.deepEqual(readdirSync(join(h.lxcpath, ours)).sort(), ['.tslxc', 'config', 'rootfs']);
  assert.equal(readFileSync(join(h.lxcpath, ours, '.tslxc/stored'), 'utf8'), 'shifted\n');
  assert.match(h.config(ours), /^# mine$/m);
  assert.equal(spawnSync('/usr/bin/lxc-destroy', ['-n', theirs, '-P', h.lxcpath]).status, 0);
});

test('busybox, LXC’s and ours, made so, starts', async t => {
  const h = harness(t);
  const { file, first } = mappedConfig(h);
  const own = join(installation().templates, 'tslxc-busybox');
  const theirs = '/usr/share/lxc/templates/lxc-busybox';
  for (const template of [own, theirs].filter(existsSync)) {
    const name = h.name('b');
    await h.ok('create', ['-n', name, '-t', template, '-f', file], { flavour: 'lxc' });
    assert.equal(lstatSync(join(h.lxcpath, name, 'rootfs/etc/passwd')).uid, first);
    await h.ok('start', ['-n', name], { flavour: 'lxc' });
    const seen = await h.ok('attach', ['-n', name, '--', 'stat', '-c', '%u:%g', '/etc/passwd'], {
      flavour: 'lxc',
    });
    assert.equal(seen.stdout, '0:0\n');
    await h.ok('stop', ['-n', name, '-k'], { flavour: 'lxc' });
    await h.ok('destroy', ['-n', name], { flavour: 'lxc' });
  }
});

test('programs of the host that are setuid stay root of the namespace; what fails or is mounted leaves nothing', async t => {
  const h = harness(t);
  const { file } = mappedConfig(h);
  const body = `mount -t tmpfs none "$ROOTFS"
    mkdir "$ROOTFS/deep"
    echo "mounts seen: $(grep -c 'rootfs .* tmpfs' /proc/self/mountinfo)"
    exit 3`;
  const template = writeTemplate(h, 'mounts', body);
  const failed = await h.run('create', ['-n', h.name('f'), '-t', template, '-f', file], { flavour: 'lxc' });
  assert.equal(failed.status, 1);
  assert.match(failed.stdout, /^mounts seen: 1$/m, failed.stderr);
  assert.deepEqual(entriesOf(h), []);
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(h.directory));
});

test('what is downloaded so is for all: another map’s container, and root’s', async t => {
  const h = harness(t);
  const tree = join(h.directory, 'server');
  addImage(tree, { distribution: 'tiny', release: '1', build: '20261121_10:00' });
  writeIndexes(tree);
  const server = await serveImages(t, tree);
  const download = join(installation().templates, 'tslxc-download');
  const words = ['--server', server.url, '--no-validate', '-d', 'tiny', '-r', '1', '-a', 'amd64'];
  const create = (name: string, range: number) =>
    h.ok('create', ['-n', name, '-t', download, '-f', mappedConfig(h, range).file, '--', ...words], {
      flavour: 'lxc',
    });
  await create(h.name('a'), 1);
  assert.deepEqual([...new Set(ownersBeneath(h.cacheDir).map(line => line.split(' ')[0]))], ['0:0']);
  const archives = () => server.requests.filter(({ path }) => path.endsWith('/rootfs.tar.xz')).length;
  assert.equal(archives(), 1);
  await create(h.name('b'), 2);
  await h.ok('create', ['-n', h.name('c'), '-t', 'download', '--', ...words]);
  assert.equal(archives(), 1);
  assert.equal(lstatSync(join(h.lxcpath, h.name('b'), 'rootfs/etc/image')).uid, mappedConfig(h, 2).first);
});
