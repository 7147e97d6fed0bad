// A plain user's containers: made and removed in its own user namespace, with the ids of /etc/subuid.

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';
import { serveImages } from './image-server.ts';
import { addImage, writeIndexes } from './image-tree.ts';
import { writeTemplate } from './places.ts';
import { noPlainUser, ownersBeneath, plainUser } from './plain-user.ts';
import { noLxc } from './under-lxc.ts';

const IDS = 65536;
const skip = noPlainUser();

test('a plain user creates a container with shifted ids and removes it without a trace', {
  skip,
}, async t => {
  const h = harness(t);
  const ada = plainUser(h, 2 * IDS);
  const name = h.name('p');
  const made = await ada.verb('create', ['-n', name, '-t', 'busybox']);
  assert.equal(made.status, 0, made.stderr);
  const directory = join(ada.lxcpath, name);
  assert.deepEqual([lstatSync(directory).uid, lstatSync(directory).mode & 0o777], [ada.uid, 0o700]);
  assert.equal(readFileSync(join(directory, '.tslxc/stored'), 'utf8'), 'shifted\n');
  const config = readFileSync(join(directory, 'config'), 'utf8');
  assert.match(
    config,
    new RegExp(`^lxc.idmap = u 0 ${h.firstId} ${IDS}\nlxc.idmap = g 0 ${h.firstId} ${IDS}$`, 'm'),
  );
  const owners = new Set(ownersBeneath(join(directory, 'rootfs')).map(line => line.split(' ')[0]));
  assert.deepEqual([...owners], [`${h.firstId}:${h.firstId}`]);
  const second = await ada.verb('create', ['-n', `${name}2`, '-t', 'none']);
  assert.equal(second.stderr, '');
  assert.match(
    readFileSync(join(ada.lxcpath, `${name}2/config`), 'utf8'),
    new RegExp(`u 0 ${h.firstId + IDS} `),
  );
  const third = await ada.verb('create', ['-n', `${name}3`, '-t', 'none']);
  assert.match(third.stderr, new RegExp(`${name}3 shares those of another container`));
  assert.match((await ada.verb('mount', [name])).stderr, new RegExp(`its root is ${h.firstId} there`));
  for (const one of [name, `${name}2`, `${name}3`]) {
    const gone = await ada.verb('destroy', ['-n', one]);
    assert.deepEqual([gone.status, gone.stderr], [0, '']);
  }
  assert.deepEqual(readdirSync(ada.lxcpath), ['.ids']);
  assert.deepEqual(readdirSync(join(ada.lxcpath, '.ids')), ['.lock']);
});

test('what a plain user can’t have is said, and leaves nothing', { skip }, async t => {
  const h = harness(t);
  const none = plainUser(h, 0);
  const without = await none.verb('create', ['-n', h.name('x'), '-t', 'busybox']);
  assert.equal(without.status, 1);
  assert.match(without.stderr, new RegExp(`${h.id} has no ids .*\n.*usermod --add-subuids .* ${h.id}\n$`));
  assert.equal(existsSync(none.lxcpath) && readdirSync(none.lxcpath).length > 0, false);

  const other = harness(t);
  const ada = plainUser(other, IDS);
  const privileged = await ada.verb('create', ['-n', other.name('x'), '-t', 'busybox', '--privileged']);
  assert.match(privileged.stderr, /only root can create privileged containers/);
  const template = writeTemplate(
    other,
    'fails',
    'mkdir "$ROOTFS/a"; chmod 0 "$ROOTFS/a"; touch "$PLACE/mine"; exit 3',
  );
  const failed = await ada.verb('create', ['-n', other.name('x'), '-t', template]);
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /exit status 3/);
  assert.deepEqual(readdirSync(ada.lxcpath), ['.ids']);
});

test('a killed create of a plain user is cleaned up by its next command', { skip }, async t => {
  const h = harness(t);
  const ada = plainUser(h, IDS);
  const told = join(ada.home, 'told');
  const body = `touch "$ROOTFS/mine"; chmod 0 "$ROOTFS"; echo > ${told}; while :; do read -r _ < ${told}; done`;
  const template = writeTemplate(h, 'waits', body);
  const create = join(installation().root, 'dist/bin/tslxc-create');
  const command = `${create} -n ${h.name('k')} -t ${template}`;
  const script = `mkfifo ${told}; ${command} & read -r _ < ${told}; kill -9 $!; wait $!; echo $?`;
  assert.match((await ada.run(['sh', '-c', script])).stdout, /^137$/m);
  assert.ok(readdirSync(ada.lxcpath).some(name => name.startsWith('.tslxc-creating-')));
  const next = await ada.verb('create', ['-n', h.name('k'), '-t', 'none']);
  assert.equal(next.status, 0, next.stderr);
  assert.deepEqual(readdirSync(ada.lxcpath).sort(), ['.ids', h.name('k')]);
});

test('as lxc-create: the map of its default.conf, the owners that LXC gives; LXC’s own containers go too', {
  skip: skip || noLxc,
}, async t => {
  const h = harness(t);
  const ada = plainUser(h, IDS);
  const lxcpath = join(ada.home, '.local/share/lxc');
  const template = writeTemplate(
    h,
    'makes',
    'mkdir "$ROOTFS/home"; chown 5:7 "$ROOTFS/home"; touch "$ROOTFS/mine"',
  );
  const unmapped = await ada.verb('create', ['-n', 'x', '-t', template], 'lxc');
  assert.equal(unmapped.status, 1);
  assert.match(
    unmapped.stderr,
    new RegExp(`needs lxc.idmap\n.*default.conf: lxc.idmap = u 0 ${h.firstId} ${IDS}`),
  );
  const lines = [
    'lxc.net.0.type = empty',
    ...['u', 'g'].map(kind => `lxc.idmap = ${kind} 0 ${h.firstId} ${IDS}`),
  ];
  const conf = join(ada.home, '.config/lxc/default.conf');
  mkdirSync(join(ada.home, '.config/lxc'), { recursive: true });
  writeFileSync(conf, `${lines.join('\n')}\n`);
  for (const part of ['.config', '.config/lxc', '.config/lxc/default.conf'])
    chmodSync(join(ada.home, part), 0o755);
  const ours = await ada.verb('create', ['-n', 'ours', '-t', template], 'lxc');
  assert.deepEqual([ours.status, ours.stderr], [0, '']);
  const theirs = await ada.run(['/usr/bin/lxc-create', '-n', 'theirs', '-t', template]);
  assert.equal(theirs.status, 0, theirs.stderr);
  // The root of LXC's tree has the group of the user, who is nobody in the container: ours is the container's.
  const owners = (name: string) =>
    ownersBeneath(join(lxcpath, name))
      .filter(line => !/\.tslxc|rootfs$/.test(line))
      .sort();
  assert.deepEqual(owners('ours'), owners('theirs'));
  assert.equal(lstatSync(join(lxcpath, 'ours/rootfs')).gid, h.firstId);
  assert.equal(lstatSync(join(lxcpath, 'ours')).mode, lstatSync(join(lxcpath, 'theirs')).mode);
  for (const name of ['ours', 'theirs']) {
    const gone = await ada.verb('destroy', ['-n', name], 'lxc');
    assert.deepEqual([gone.status, gone.stderr], [0, '']);
  }
  assert.deepEqual(readdirSync(lxcpath), []);
});

test('a plain user downloads into a cache of its own, and can empty it', { skip }, async t => {
  const h = harness(t);
  const ada = plainUser(h, IDS);
  const tree = join(h.directory, 'server');
  addImage(tree, { distribution: 'tiny', release: '1', build: '20261121_10:00' });
  writeIndexes(tree);
  const server = await serveImages(t, tree);
  const words = ['--server', server.url, '--no-validate', '-d', 'tiny', '-r', '1', '-a', 'amd64'];
  const made = await ada.verb('create', ['-n', h.name('d'), '-t', 'download', '--', ...words]);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(lstatSync(join(ada.lxcpath, h.name('d'), 'rootfs/etc/image')).uid, h.firstId);
  const cache = join(ada.home, '.cache');
  assert.deepEqual(
    [...new Set(ownersBeneath(cache).map(line => line.split(' ')[0]))],
    [`${ada.uid}:${ada.uid}`],
  );
  assert.equal((await ada.run(['rm', '-r', cache])).status, 0);
  assert.equal((await ada.verb('destroy', [h.name('d')])).status, 0);
});
