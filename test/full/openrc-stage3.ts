// No stage3 of Gentoo's can be had here. One like it is made of Debian's packages: the same sysvinit, the same OpenRC, Gentoo's
// inittab, and none of Debian's services.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const INITTAB = `id:3:initdefault:
si::sysinit:/sbin/openrc sysinit
rc::bootwait:/sbin/openrc boot
l0:0:wait:/sbin/openrc shutdown
l0s:0:wait:/sbin/halt -dhp
l3:3:wait:/sbin/openrc default
l6:6:wait:/sbin/openrc reboot
l6r:6:wait:/sbin/reboot -d
su0:S:wait:/sbin/openrc single
c1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux
c6:2345:respawn:/sbin/agetty 38400 tty6 linux
ca:12345:ctrlaltdel:/sbin/shutdown -r now
`;

/** Packs a stage3 at `file`; why it can't, where no mirror is in reach. */
export function packStage3(directory: string, file: string): string | undefined {
  const tree = join(directory, 'tree');
  const archive = join(directory, 'debian.tar');
  // A mirror that stands still is good enough.
  const aptopt = '--aptopt=Acquire::Check-Valid-Until "false"';
  const words = ['--variant=minbase', '--include=sysvinit-core,openrc,iproute2', aptopt, 'stable', archive];
  const { status, stderr } = spawnSync('mmdebstrap', words, { encoding: 'utf8' });
  if (status !== 0) return stderr.trim().split('\n').at(-1);
  mkdirSync(tree);
  execFileSync('tar', ['-C', tree, '-xf', archive, '--exclude=./dev/*']);
  for (const level of readdirSync(join(tree, 'etc/runlevels')))
    for (const service of readdirSync(join(tree, 'etc/runlevels', level)))
      rmSync(join(tree, 'etc/runlevels', level, service));
  writeFileSync(join(tree, 'etc/inittab'), INITTAB);
  execFileSync('tar', ['-C', tree, '-cJf', file, '.'], { env: { ...process.env, XZ_OPT: '-0' } });
  rmSync(tree, { recursive: true });
  return undefined;
}
