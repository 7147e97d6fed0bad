// The Debian packages that tslxc needs, and what for. Nothing else names packages to install.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Purposes: build (npm ci compiles with them), run (containers), test (npm test), kernel (npm run test:kernel). */
export const PACKAGES = [
  { name: 'g++', for: 'build', provides: 'the compiler', probe: () => onPath('g++') },
  { name: 'make', for: 'build', provides: 'make', probe: () => onPath('make') },
  { name: 'python3', for: 'build', provides: 'what node-gyp runs on', probe: () => onPath('python3') },
  {
    name: 'libseccomp-dev',
    for: 'build',
    provides: 'seccomp.h',
    probe: () => existsSync('/usr/include/seccomp.h'),
  },
  // Without it the executor is linked with glibc: as good, but bigger.
  { name: 'musl-tools', for: 'run', provides: 'a small libc for the executor' },
  { name: 'iproute2', for: 'run', provides: 'ip' },
  { name: 'nftables', for: 'run', provides: 'the NAT of the default bridge' },
  { name: 'dnsmasq-base', for: 'run', provides: 'DHCP and DNS on the default bridge' },
  { name: 'busybox-static', for: 'run', provides: 'the busybox template' },
  { name: 'mmdebstrap', for: 'run', provides: 'the debian template' },
  { name: 'debian-archive-keyring', for: 'run', provides: 'the keys of the debian template' },
  { name: 'curl', for: 'run', provides: 'what templates and images come by' },
  { name: 'gpgv', for: 'run', provides: 'signatures of mirrors' },
  { name: 'gnupg', for: 'run', provides: 'fingerprints of keys' },
  { name: 'openssl', for: 'run', provides: 'hashes of passwords' },
  { name: 'openssh-client', for: 'run', provides: 'host keys of containers' },
  { name: 'xz-utils', for: 'run', provides: 'what images are packed with' },
  { name: 'zstd', for: 'run', provides: 'what images are packed with' },
  { name: 'squashfs-tools', for: 'run', provides: 'images in squashfs' },
  { name: 'dnf', for: 'run', provides: 'the centos template and its sisters' },
  { name: 'pacman-package-manager', for: 'test', provides: 'the archlinux template' },
  { name: 'archlinux-keyring', for: 'test', provides: 'the keys of the archlinux template' },
  { name: 'zypper', for: 'test', provides: 'the opensuse template' },
  { name: 'createrepo-c', for: 'test', provides: 'small repositories of rpm packages' },
  { name: 'rpm', for: 'test', provides: 'small rpm packages' },
  { name: 'makepkg', for: 'test', provides: 'small packages of pacman' },
  { name: 'apt-utils', for: 'test', provides: 'small repositories of Debian packages' },
  { name: 'skopeo', for: 'test', provides: 'the oci template’s other way' },
  { name: 'umoci', for: 'test', provides: 'the oci template’s other way' },
  { name: 'lxc-templates', for: 'test', provides: 'LXC’s own templates' },
  { name: 'openssh-server', for: 'test', provides: 'the sshd template' },
  { name: 'uidmap', for: 'run', provides: 'containers of plain users' },
  { name: 'clang', for: 'test', provides: 'sanitizers for the fuzz targets' },
  { name: 'libclang-rt-dev', for: 'test', provides: 'the run-time part of the sanitizers' },
  // A fixed version: each formats a little differently. Both Debian 12 and 13 have this one.
  { name: 'clang-format-19', for: 'test', provides: 'the format of C' },
  { name: 'shellcheck', for: 'test', provides: 'the linter of shell' },
  { name: 'strace', for: 'test', provides: 'the list of calls at which a command is killed' },
  { name: 'debootstrap', for: 'test', provides: 'the debian template’s other way' },
  { name: 'git', for: 'test', provides: 'the list of what is committed' },
  { name: 'e2fsprogs', for: 'test', provides: 'chattr, and the disk of test:kernel' },
  { name: 'lxc', for: 'test', provides: 'LXC itself, to be compared with' },
  { name: 'xz-utils', for: 'kernel', provides: 'what modules are packed with' },
  { name: 'kmod', for: 'kernel', provides: 'depmod' },
  { name: 'e2fsprogs', for: 'kernel', provides: 'mke2fs' },
  { name: 'qemu-system-x86', for: 'kernel', provides: 'the machine for another kernel' },
];

/** Installs what is missing for the purposes, naming it first. Throws one line when it cannot. */
export function installPackages(purposes) {
  const missing = [...new Set(missingPackages(purposes))];
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(' ')}`;
  if (!onPath('apt-get')) throw new Error(`this is not Debian; install what it calls ${missing.join(' ')}`);
  if (process.getuid() !== 0) throw new Error(`packages are missing; as root: ${command}`);
  process.stdout.write(`installing Debian packages: ${missing.join(' ')}\n`);
  if (aptInstall(missing) || (apt(['update']) && aptInstall(missing))) return;
  throw new Error(`packages could not be installed: ${command}`);
}

/** Names of the purposes' packages that dpkg does not have. */
export function missingPackages(purposes) {
  const wanted = PACKAGES.filter(item => purposes.includes(item.for) && !item.probe?.()).map(
    ({ name }) => name,
  );
  if (wanted.length === 0) return [];
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...wanted], {
    encoding: 'utf8',
  });
  const installed = new Set((stdout ?? '').split('\n').map(line => line.replace(/ installed$/, '')));
  return wanted.filter(name => !installed.has(name));
}

/** The first thing without which the native part cannot be built, as one line; undefined when all is there. */
export function missingForBuild() {
  const item = PACKAGES.find(({ for: purpose, probe }) => purpose === 'build' && !probe());
  return item && `tslxc needs ${item.provides} to build its native part: apt-get install ${item.name}`;
}

const aptInstall = names => apt(['install', '--no-install-recommends', ...names]);

/** Silent when it succeeds. */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync('apt-get', ['-y', '-qq', ...args], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`.split('\n').slice(-30).join('\n'));
  return status === 0;
}

function onPath(program) {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
