// The files of a guest as small as one can be: the host's static busybox as init and shell, and a systemctl that only enables. Repositories
// that tests sign themselves offer it.

import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const APPLETS = ['sh', 'cat', 'ls', 'mount', 'mkdir', 'ln', 'touch', 'true', 'hostname', 'id', 'ps', 'sleep'];

const SYSTEMCTL = `#!/bin/sh
# systemctl [--quiet] enable|mask UNIT...: what it does to files.
[ "$1" != --quiet ] || shift
verb=$1; shift
mkdir -p /etc/systemd/system/multi-user.target.wants
for unit; do
  case $verb in
    enable) ln -sf "/usr/lib/systemd/system/$unit" "/etc/systemd/system/multi-user.target.wants/$unit" ;;
    mask) ln -sf /dev/null "/etc/systemd/system/$unit" ;;
  esac
done
`;

/** Writes the tree with a merged /usr, as distributions have it. */
export function makeSmallGuest(root: string): void {
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  for (const directory of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'usr/bin', 'etc/ssh', 'var/log'])
    mkdirSync(join(root, directory), { recursive: true });
  for (const [name, target] of [
    ['bin', 'usr/bin'],
    ['sbin', 'usr/bin'],
    ['usr/sbin', 'bin'],
  ] as const)
    symlinkSync(target, join(root, name));
  copyFileSync('/bin/busybox', join(root, 'usr/bin/busybox'));
  for (const applet of [...APPLETS, 'init']) symlinkSync('busybox', join(root, 'usr/bin', applet));
  write('usr/bin/systemctl', SYSTEMCTL, 0o755);
  write('etc/inittab', '::sysinit:/bin/true\n');
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  write('etc/group', 'root:x:0:\n');
  write('etc/shadow', 'root::19000:0:99999:7:::\n', 0o600);
}
