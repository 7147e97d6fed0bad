// Debian's cloud kernel from its package: downloaded and unpacked, not installed.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const WANTED = [/^linux-image-6\.1\.0-(\d+)-cloud-amd64$/, /^linux-image-(?:\d[\w.+]*-)+cloud-amd64$/];

/** `{ package, image, modules }` of the newest 6.1 cloud kernel that apt offers, or of another where there is no 6.1. */
export function fetchKernel() {
  const name = newestPackage();
  const folder = join(root, 'build/kernel', name);
  if (!existsSync(folder)) unpack(name, folder);
  const modules = ['lib/modules', 'usr/lib/modules'].map(path => join(folder, path)).find(existsSync);
  const version = readdirSync(modules)[0];
  return {
    package: name,
    image: join(folder, `boot/vmlinuz-${version}`),
    modules: join(modules, version),
  };
}

function newestPackage() {
  const search = () =>
    execFileSync('apt-cache', ['pkgnames', 'linux-image-'], { encoding: 'utf8' }).split('\n');
  for (const pattern of WANTED) {
    const found = search().filter(name => pattern.test(name) && hasCandidate(name));
    found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    if (found.length > 0) return found.at(-1);
  }
  throw new Error('apt offers no linux-image-…-cloud-amd64: run apt-get update');
}

const hasCandidate = name =>
  /^ {2}Candidate: \d/m.test(execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' }));

function unpack(name, folder) {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  // As root apt would drop to a user that cannot write below a private directory.
  execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], {
    cwd: fresh,
    stdio: ['ignore', 2, 2],
  });
  const file = readdirSync(fresh).find(entry => entry.endsWith('.deb'));
  execFileSync('dpkg-deb', ['-x', join(fresh, file), fresh]);
  rmSync(join(fresh, file));
  renameSync(fresh, folder);
}
