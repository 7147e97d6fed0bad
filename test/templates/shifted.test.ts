import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { attribute, setAttribute } from './attributes.ts';
import { writeTemplate } from './places.ts';

const UID = 1000;
const SHIFTED = 'shifted\n';

const ACL = 'system.posix_acl_access';
const CAPABILITY = 'security.capability';

/** A template that leaves all that carries an id: owners, setuid bits, hard links, an ACL, a file capability; and a device. */
function allKinds(h: Harness): string {
  return writeTemplate(h, 'kinds', `cp -a ${treeOfAllKinds(h)}/. "$ROOTFS"; chown 0:0 "$ROOTFS"`);
}

/** One that unpacks the same where no device can be made, as root of a user namespace. */
function allKindsUnpacked(h: Harness): string {
  const kinds = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
  const archive = join(h.directory, 'kinds.tar');
  execFileSync('tar', ['-cf', archive, ...kinds, '--exclude=./disk', '-C', treeOfAllKinds(h), '.']);
  return writeTemplate(h, 'unpacks', `tar -xpf ${archive} --same-owner '${kinds.join("' '")}' -C "$ROOTFS"`);
}

function treeOfAllKinds(h: Harness): string {
  const tree = join(h.directory, 'tree');
  mkdirSync(join(tree, 'dir'), { recursive: true });
  const make = `cp /bin/true plain; chown ${UID}:${UID + 1} plain; chmod 4755 plain; ln plain same; cp /bin/true capable
    ln -s /etc/shadow link; chown -h 5:6 link; mkfifo pipe; mknod disk b 7 0`;
  execFileSync('sh', ['-ec', make], { cwd: tree });
  const anyone = 0xffffffff;
  const entries = [
    [1, 7, anyone],
    [2, 7, UID],
    [4, 5, anyone],
    [16, 7, anyone],
    [32, 5, anyone],
  ];
  const acl = Buffer.alloc(4 + 8 * entries.length);
  acl.writeUInt32LE(2);
  for (const [index, [tag = 0, permissions = 0, id = 0]] of entries.entries()) {
    acl.writeUInt16LE(tag, 4 + 8 * index);
    acl.writeUInt16LE(permissions, 6 + 8 * index);
    acl.writeUInt32LE(id, 8 + 8 * index);
  }
  setAttribute(join(tree, 'dir'), ACL, acl);
  // Version 2, effective, cap_net_raw.
  setAttribute(
    join(tree, 'capable'),
    CAPABILITY,
    Buffer.from('0100000200200000000000000000000000000000', 'hex'),
  );
  return tree;
}

function checkShifted(rootfs: string, first: number): void {
  const owner = (name: string) => [
    lstatSync(join(rootfs, name)).uid - first,
    lstatSync(join(rootfs, name)).gid - first,
  ];
  assert.deepEqual(owner('.'), [0, 0]);
  assert.deepEqual(owner('plain'), [UID, UID + 1]);
  assert.deepEqual(owner('link'), [5, 6]);
  assert.equal(lstatSync(join(rootfs, 'plain')).mode & 0o7777, 0o4755);
  assert.equal(lstatSync(join(rootfs, 'plain')).ino, lstatSync(join(rootfs, 'same')).ino);
  assert.ok(lstatSync(join(rootfs, 'pipe')).isFIFO());
  assert.equal(lstatSync(join(rootfs, 'disk'), { throwIfNoEntry: false }), undefined);
  // struct posix_acl_xattr: a header, then (tag, permissions, id); the second is ours.
  assert.equal(attribute(join(rootfs, 'dir'), ACL).readUInt32LE(4 + 8 + 4), first + UID);
  // vfs_ns_cap_data: the last word is the uid whose root may use it.
  const capability = attribute(join(rootfs, 'capable'), CAPABILITY);
  assert.equal(capability.readUInt32LE(capability.length - 4), first);
}

test('a filesystem that takes no idmapped mount gets a shifted copy, and create says why', async t => {
  const h = harness(t, { untidy: true });
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map(name =>
    join(h.directory, name),
  );
  for (const directory of [lower, upper, work, merged]) mkdirSync(directory as string);
  // overlayfs itself can't be idmapped, on any kernel yet.
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  execFileSync('mount', ['-t', 'overlay', '-o', options, 'overlay', merged as string]);
  const lxcpath = join(merged as string, 'lxc');
  const template = allKinds(h);
  const { stderr } = await h.ok('create', ['-P', lxcpath, '-n', h.name('s1'), '-t', template]);
  assert.match(stderr, /can't map ids at mount: the rootfs is a copy with shifted ids/);
  const directory = join(lxcpath, h.name('s1'));
  checkShifted(join(directory, 'rootfs'), h.firstId);
  assert.equal(readFileSync(join(directory, '.tslxc/stored'), 'utf8'), SHIFTED);
  const refused = await h.run('create', [
    '-P',
    lxcpath,
    '-n',
    h.name('s2'),
    '-t',
    template,
    '--dir',
    `${merged}/out`,
  ]);
  assert.match(refused.stderr, /its filesystem can't map ids/);
  await h.ok('destroy', ['-P', lxcpath, '-n', h.name('s1')]);
});

test('an lxc-* caller with a map in its config gets what LXC itself can start', async t => {
  const h = harness(t);
  const first = h.firstId + 65536;
  const base = join(h.directory, 'mapped.conf');
  writeFileSync(base, `lxc.idmap = u 0 ${first} 65536\nlxc.idmap = g 0 ${first} 65536\n`);
  const template = allKindsUnpacked(h);
  await h.ok('create', ['-n', h.name('l1'), '-t', template, '-f', base], { flavour: 'lxc' });
  const directory = join(h.lxcpath, h.name('l1'));
  checkShifted(join(directory, 'rootfs'), first);
  assert.equal(lstatSync(directory).uid, first);
  assert.equal(lstatSync(directory).mode & 0o777, 0o770);
  assert.equal(readFileSync(join(directory, '.tslxc/stored'), 'utf8'), SHIFTED);
  await h.ok('destroy', ['-n', h.name('l1')], { flavour: 'lxc' });
});
