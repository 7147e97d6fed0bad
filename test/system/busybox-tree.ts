// A rootfs of one static busybox whose init starts nothing: whatever is mounted in its container, the plan mounted.

import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORIES = ['bin', 'sbin', 'etc', 'dev', 'proc', 'sys', 'tmp', 'root', 'run'];
const APPLETS = ['sh', 'cat', 'echo', 'ls', 'mount', 'sleep', 'true', 'env', 'touch', 'dd', 'id'];

/** Makes the tree; `more` are further directories in it. */
export function makeBusyboxTree(rootfs: string, more: readonly string[] = []): void {
  for (const directory of [...DIRECTORIES, ...more])
    mkdirSync(join(rootfs, directory), { recursive: true, mode: 0o755 });
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
  symlinkSync('../bin/busybox', join(rootfs, 'sbin/init'));
  writeFileSync(join(rootfs, 'etc/inittab'), '::sysinit:/bin/true\n');
  writeFileSync(join(rootfs, 'etc/passwd'), 'root::0:0:root:/root:/bin/sh\n');
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\n');
}
