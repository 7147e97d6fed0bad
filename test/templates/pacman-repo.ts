// Repositories as pacman wants them, of packages that a test makes.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ThrowAwayKey } from './throw-away-key.ts';

export interface PacmanPackage {
  readonly name: string;
  readonly depends?: readonly string[];
  /** Shell functions that run in the guest: post_install. */
  readonly install?: string;
  /** Writes its files. */
  readonly fill?: (root: string) => unknown;
  readonly key: ThrowAwayKey;
}

const VERSION = '1-1';
/** pacman 6 crashes on an unknown key without one. */
const PACKAGER = 'test <test@example.org>';
const TAR = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-czf'];

/** Makes DIRECTORY/REPO/os/x86_64 with its list; returns the files of the packages. */
export function makePacmanRepo(
  directory: string,
  repo: string,
  packages: readonly PacmanPackage[],
): Map<string, string> {
  const place = join(directory, repo, 'os/x86_64');
  mkdirSync(place, { recursive: true });
  const files = new Map<string, string>();
  const list = join(place, '.list');
  mkdirSync(list);
  for (const one of packages) {
    const file = packPackage(place, one);
    files.set(one.name, file);
    mkdirSync(join(list, `${one.name}-${VERSION}`));
    writeFileSync(join(list, `${one.name}-${VERSION}/desc`), describe(one, file));
  }
  const entries = packages.map(one => `${one.name}-${VERSION}`);
  execFileSync('tar', ['-C', list, ...TAR, join(place, `${repo}.db`), '--', ...entries]);
  rmSync(list, { recursive: true });
  return files;
}

function packPackage(place: string, one: PacmanPackage): string {
  const root = join(place, '.root');
  mkdirSync(root);
  one.fill?.(root);
  const info = [
    `pkgname = ${one.name}`,
    `pkgver = ${VERSION}`,
    'pkgdesc = test',
    'arch = any',
    `packager = ${PACKAGER}`,
    'size = 1000',
    ...(one.depends ?? []).map(name => `depend = ${name}`),
  ];
  writeFileSync(join(root, '.PKGINFO'), `${info.join('\n')}\n`);
  if (one.install !== undefined) writeFileSync(join(root, '.INSTALL'), one.install);
  const file = join(place, `${one.name}-${VERSION}-any.pkg.tar.gz`);
  execFileSync('sh', ['-c', `cd "$1" && tar ${TAR.join(' ')} "$2" -- $(ls -A)`, 'sh', root, file]);
  rmSync(root, { recursive: true });
  one.key.sign([file]);
  return file;
}

/** One entry of the list. */
function describe(one: PacmanPackage, file: string): string {
  const bytes = readFileSync(file);
  const fields: [string, readonly string[]][] = [
    ['FILENAME', [file.slice(dirname(file).length + 1)]],
    ['NAME', [one.name]],
    ['VERSION', [VERSION]],
    ['DESC', ['test']],
    ['CSIZE', [String(bytes.length)]],
    ['ISIZE', ['1000']],
    ['SHA256SUM', [createHash('sha256').update(bytes).digest('hex')]],
    ['ARCH', ['any']],
    ['PACKAGER', [PACKAGER]],
    ['DEPENDS', one.depends ?? []],
  ];
  return fields
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `%${name}%\n${values.join('\n')}\n\n`)
    .join('');
}
