// Attacks by a rootfs on what is mounted and made in it (security-lessons 1a, kernel-notes 1).

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attackBothBuilds, digestOf, type Ground, makeCanary, makeContainer } from './builds.ts';

const MARKER = 'only the root of the host may read this';

attackBothBuilds('nodev', "a block device of the host's, planted in the tree, is read", async ground => {
  const { host, env } = ground;
  const device = loopDevice(ground);
  try {
    const { name, rootfs } = await makeContainer(ground, 'device');
    execFileSync('mknod', ['-m', '0600', join(rootfs, 'planted'), 'b', device.major, device.minor]);
    await host.ok('start', ['-n', name], { env });
    const { stdout } = await host.run('attach', ['-n', name, '--', '/bin/sh', '-c', READ_DEVICE], { env });
    return stdout.includes(MARKER);
  } finally {
    execFileSync('losetup', ['-d', device.path]);
  }
});

/** What was mounted nodev must not be made otherwise by the container's root. */
const READ_DEVICE = [
  'head -c 64 /planted',
  'mount -o remount,dev / && head -c 64 /planted',
  'mount -o remount,bind,dev,rw / && head -c 64 /planted',
  'mkdir /again && mount -o bind,dev / /again && head -c 64 /again/planted',
].join('; ');

function loopDevice({ host }: Ground): { path: string; major: string; minor: string } {
  const image = join(host.directory, 'disk');
  writeFileSync(image, MARKER.padEnd(1 << 20, '.'));
  const path = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
  const [major = '', minor = ''] = execFileSync('stat', ['-c', '%Hr %Lr', path], { encoding: 'utf8' })
    .trim()
    .split(' ');
  return { path, major, minor };
}

for (const part of ['dev', 'proc', 'sys'] as const) {
  attackBothBuilds('resolve', `/${part} is a symlink: what is mounted there lands outside`, async ground => {
    const canary = makeCanary(ground.host);
    const { name, rootfs } = await makeContainer(ground, part, watchMounts(ground));
    linkTo(canary, join(rootfs, part));
    return await startReaches(ground, name, canary);
  });
}

attackBothBuilds(
  'resolve',
  '/dev without a tmpfs is a symlink: links and ptys are made outside',
  async ground => {
    const canary = makeCanary(ground.host);
    const { name, rootfs } = await makeContainer(ground, 'plaindev', [
      'lxc.autodev = 0',
      ...watchMounts(ground),
    ]);
    linkTo(canary, join(rootfs, 'dev'));
    return await startReaches(ground, name, canary);
  },
);

attackBothBuilds(
  'resolve',
  'a directory on the way to a mount target is a symlink: one is made outside',
  async ground => {
    const canary = makeCanary(ground.host);
    const entry = 'lxc.mount.entry = none mnt/x/y tmpfs create=dir 0 0';
    const { name, rootfs } = await makeContainer(ground, 'target', [entry, ...watchMounts(ground)]);
    linkTo(canary, join(rootfs, 'mnt/x'));
    return await startReaches(ground, name, canary);
  },
);

attackBothBuilds('resolve', 'a mount target is a symlink: a file of the host is covered', async ground => {
  const canary = makeCanary(ground.host);
  const entry = `lxc.mount.entry = ${ground.host.settingsFile} mnt/x none bind,create=file 0 0`;
  const { name, rootfs } = await makeContainer(ground, 'file', [entry, ...watchMounts(ground)]);
  linkTo(join(canary, 'ptmx'), join(rootfs, 'mnt/x'));
  return await startReaches(ground, name, canary);
});

/** A mount that lands outside does so in the container's mount namespace: a hook looks there before the root is changed. */
function watchMounts({ host }: Ground): string[] {
  const seen = join(host.directory, 'seen');
  const hook = join(host.directory, 'look');
  mkdirSync(seen);
  chmodSync(seen, 0o777);
  writeFileSync(hook, `#!/bin/sh\ncat /proc/self/mountinfo >${seen}/mounts\n`);
  chmodSync(hook, 0o755);
  return [`lxc.hook.mount = ${hook}`];
}

function linkTo(target: string, path: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

/** Whether a start mounted on the canary or changed it. */
async function startReaches({ host, env }: Ground, name: string, canary: string): Promise<boolean> {
  const before = digestOf(canary);
  const { status, stderr } = await host.run('start', ['-n', name], { env });
  const seen = join(host.directory, 'seen/mounts');
  const mounted = existsSync(seen) && readFileSync(seen, 'utf8').includes(canary);
  const reached = mounted || digestOf(canary) !== before;
  if (!reached && status === 0) throw new Error('started, with the symlink in its way');
  if (!reached && !/symbolic link|not a directory/i.test(stderr))
    throw new Error(`another failure: ${stderr}`);
  return reached;
}
