// The golden cases of this host's kind, started for real: what the kernel shows of each container is what its plan says.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/settings.ts';
import type { Plan } from '../../src/plan/model.ts';
import { placeOf } from '../../src/runtime/place.ts';
import { planLaunch } from '../../src/runtime/plan-launch.ts';
import { observe } from '../../src/runtime/state.ts';
import { goldenDirectory } from '../golden/case.ts';
import { makeBusyboxTree } from './busybox-tree.ts';
import { type Harness, harness } from './harness.ts';
import {
  expectedMounts,
  opsNamed,
  ownNamespaces,
  seenCgroups,
  seenLinks,
  seenMounts,
  statusField,
} from './plan-view.ts';

const CASES = [
  'hybrid-busybox',
  'overlay',
  'shifted-tree',
  'privileged-rw',
  'privileged-lxc',
  'net-static',
  'net-gateway-dev',
  'net-none',
  'net-unset',
  'hooks-0',
  'hooks-1',
  'mount-entries',
  'limits-v1-on-hybrid',
  'limits-v2-on-hybrid',
  'lsm-absent',
];
/** Mount points that the cases name without asking for them to be made. */
const TARGETS = ['opt', 'home', 'data', 'mnt/data', 'abs', 'srv', 'dev/pts'];
const isHybrid = existsSync('/sys/fs/cgroup/unified/cgroup.procs') && existsSync('/sys/fs/cgroup/memory');

for (const name of CASES) {
  const skip = isHybrid ? false : 'the cases are for a hybrid host';
  test(`a started ${name} is what its plan says`, { skip }, async t => {
    const h = harness(t);
    const removeBridge = makeBridge(h);
    try {
      prepare(h, name);
      await startAndCompare(h, h.name(name));
    } finally {
      removeBridge();
    }
  });
}

async function startAndCompare(h: Harness, name: string): Promise<void> {
  const env = { ...h.env, TERM: 'xterm' };
  const place = placeOf(await loadSettings({ env, flavour: 'tslxc', uid: 0 }), name);
  const plan = await planLaunch(place, { env }, { foreground: false, dryRun: true });
  await h.ok('start', ['-n', name], { env });
  const pid = observe(place).initPid;
  assert.ok(pid, 'it runs');
  checkMounts(plan, pid);
  checkIdentity(plan, pid);
  checkCgroups(plan, pid);
  checkLinks(plan, pid);
  await h.ok('stop', ['-n', name, '-k']);
}

function checkMounts(plan: Plan, pid: number): void {
  const expected = expectedMounts(plan);
  const seen = seenMounts(pid);
  const surplus = [...seen.keys()].filter(path => path !== '/' && !expected.has(path));
  assert.deepEqual(surplus, [], 'mounts that no op made');
  for (const { path, type, flags, optional } of expected.values()) {
    const mount = seen.get(path);
    if (!mount && optional) continue;
    assert.ok(mount, `${path} is mounted`);
    if (type) assert.equal(mount.type, type, path);
    const shown = flags.filter(flag => ['ro', 'nosuid', 'nodev', 'noexec'].includes(flag));
    assert.deepEqual(
      shown.filter(flag => !mount.flags.includes(flag)),
      [],
      `flags missing on ${path}`,
    );
  }
  for (const [path, { tags }] of seen) {
    if (!opsNamed(plan, 'propagation').some(({ path: asked }) => `/${asked}` === path)) {
      assert.doesNotMatch(tags, /shared:/, `${path} cannot reach the host`);
    }
  }
  if (opsNamed(plan, 'idmap_write').length > 0)
    assert.ok(seen.get('/')?.flags.includes('nodev'), '/ is nodev');
}

function checkIdentity(plan: Plan, pid: number): void {
  const [map] = opsNamed(plan, 'idmap_write');
  for (const [file, text] of [
    ['uid_map', map?.uids],
    ['gid_map', map?.gids],
  ] as const) {
    const lines = readFileSync(`/proc/${pid}/${file}`, 'utf8')
      .trim()
      .split('\n')
      .map(line => line.trim().split(/\s+/).join(' '));
    assert.deepEqual(lines, (text ?? '0 0 4294967295').trim().split('\n'), file);
  }
  const [capabilities] = opsNamed(plan, 'capabilities');
  assert.equal(BigInt(`0x${statusField(pid, 'CapBnd')}`), capabilities?.bounding, 'bounding set');
  assert.equal(BigInt(`0x${statusField(pid, 'CapInh')}`), 0n);
  assert.equal(BigInt(`0x${statusField(pid, 'CapAmb')}`), 0n);
  const filters = opsNamed(plan, 'seccomp').length;
  assert.equal(statusField(pid, 'Seccomp'), filters > 0 ? '2' : statusField(process.pid, 'Seccomp'));
  const cloned = opsNamed(plan, 'clone_init').flatMap(({ namespaces }) => namespaces);
  const unshared = opsNamed(plan, 'namespace_unshare').flatMap(({ kinds }) => kinds);
  const fresh = new Set([...cloned, ...unshared]);
  assert.deepEqual(ownNamespaces(pid), [...fresh].sort(), 'namespaces');
}

function checkCgroups(plan: Plan, pid: number): void {
  const made = new Map(opsNamed(plan, 'cgroup_make').map(({ path, directory }) => [directory.slot, path]));
  const paths = new Set([...made.values()]);
  for (const [controllers, path] of seenCgroups(pid)) {
    assert.ok(
      [...paths].some(directory => directory.endsWith(path) && path !== '/'),
      `${controllers || 'cgroup2'} is ${path}`,
    );
  }
  for (const { directory, file, value } of opsNamed(plan, 'cgroup_write')) {
    const path = made.get(directory.slot);
    if (!path || /^(devices|blkio\.throttle\.write_iops|cgroup\.)/.test(file)) continue; // write-only, or 0 for none
    assert.equal(readFileSync(join(path, file), 'utf8').trim(), inBytes(value), `${path}/${file}`);
  }
}

/** 512M as the kernel reads it back. */
function inBytes(value: string): string {
  const [, digits, unit = ''] = /^(\d+)([KMG])$/.exec(value) ?? [];
  return digits === undefined ? value : String(BigInt(digits) << BigInt(10 * (1 + 'KMG'.indexOf(unit))));
}

function checkLinks(plan: Plan, pid: number): void {
  const made = opsNamed(plan, 'veth_make');
  if (!opsNamed(plan, 'clone_init')[0]?.namespaces.includes('net')) return;
  const links = seenLinks(pid);
  assert.deepEqual(links.map(({ name }) => name).sort(), ['lo', ...made.map(({ peer }) => peer)].sort());
  for (const { peer, peer_mac: mac, name } of made) {
    assert.ok(existsSync(`/sys/class/net/${name}`), `the host has ${name}`);
    if (mac) assert.equal(links.find(link => link.name === peer)?.mac, mac);
  }
  for (const { name } of opsNamed(plan, 'link_up').filter(op => links.some(link => link.name === op.name))) {
    assert.ok(links.find(link => link.name === name)?.up, `${name} is up`);
  }
  for (const { name, address, prefix } of opsNamed(plan, 'address_add')) {
    assert.ok(
      links.find(link => link.name === name)?.addresses.includes(`${address}/${prefix}`),
      `${address} on ${name}`,
    );
  }
}

/** The case's config on this harness's paths, and all that it names. */
function prepare(h: Harness, name: string): void {
  const home = join(h.lxcpath, h.name(name));
  const rootfs = join(home, 'rootfs');
  const images = join(h.directory, 'images');
  const source = readFileSync(join(goldenDirectory(), name, 'config'), 'utf8');
  mkdirSync(home, { recursive: true, mode: 0o711 });
  makeBusyboxTree(source.includes('overlay:') ? join(images, 'base') : rootfs, TARGETS);
  if (!source.includes('overlay:'))
    for (const file of ['ptmx', 'tty1']) writeFileSync(join(rootfs, 'dev', file), '');
  mkdirSync(join(images, 'abc'), { recursive: true });
  mkdirSync(join(home, 'overlay/delta'), { recursive: true });
  for (const directory of ['srv/deep', 'home', 'opt'])
    mkdirSync(join(h.directory, directory), { recursive: true });
  makeHooks(h, rootfs);
  const localise = (text: string) =>
    text
      .replaceAll(/\/var\/lib\/(ts)?lxc\/c1\/rootfs/g, rootfs)
      .replaceAll(/\/var\/lib\/(ts)?lxc\/c1/g, home)
      .replaceAll('/var/lib/tslxc/.images', images)
      .replaceAll(/(^|= )\/(srv|home|opt)(?=[ /])/gm, `$1${h.directory}/$2`)
      .replaceAll(/\/usr\/share\/(hooks|up|down)/g, `${h.directory}/$1`)
      .replaceAll('/var/log/', `${h.directory}/`)
      .replaceAll('/usr/bin/app --flag  x', '/bin/sleep 1000')
      .replaceAll('= etc/', `= ${dirname(goldenDirectory())}/../etc/`)
      .replaceAll('= fstab', `= ${home}/fstab`)
      .replaceAll('tslxcbr0', h.bridge)
      .replaceAll('8:0 ', `${someDisk()} `);
  const fstab = join(goldenDirectory(), name, 'fstab');
  if (existsSync(fstab)) writeFileSync(join(home, 'fstab'), localise(readFileSync(fstab, 'utf8')));
  writeFileSync(join(home, 'config'), localise(source));
  if (name === 'shifted-tree') execFileSync('chown', ['-R', '-h', '1000000:1000000', rootfs]);
}

/** A whole disk of this host as MAJOR:MINOR. */
function someDisk(): string {
  const [disk = ''] = readdirSync('/sys/block').filter(name => !/^(loop|ram|zram)/.test(name));
  return readFileSync(`/sys/block/${disk}/dev`, 'utf8').trim();
}

/** A bridge with an address that nothing else has, for gateway = auto. */
function makeBridge({ bridge }: Harness): () => void {
  const ip = (...args: string[]) => execFileSync('ip', args);
  ip('link', 'add', bridge, 'type', 'bridge');
  ip('addr', 'add', '10.0.3.1/24', 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  return () => void ip('link', 'del', bridge);
}

/** The same program for hooks of the host and, at the same path, for those in the container. */
function makeHooks(h: Harness, rootfs: string): void {
  const types = ['pre-start', 'pre-mount', 'mount', 'autodev', 'start-host', 'start', 'stop', 'post-stop'];
  const files = [
    ...types.map(type => join(h.directory, 'hooks', type)),
    join(h.directory, 'up'),
    join(h.directory, 'down'),
  ];
  for (const file of [...files, ...files.map(path => join(rootfs, path))]) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, '#!/bin/sh\n[ -n "$LXC_NAME" ]\n');
    chmodSync(file, 0o755);
  }
}
