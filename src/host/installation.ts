// Where tslxc's own files are: a clone, a global install and a bundle lay them out alike.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TslxcError } from '../base/errors.ts';

export interface Installation {
  /** The directory of tslxc's package.json. */
  readonly root: string;
  readonly version: string;
  readonly templates: string;
  readonly etc: string;
  /** The static program that carries out plans. */
  readonly executor: string;
  readonly addon: string;
}

let found: Installation | undefined;

/** The installation that this code belongs to. Throws INSTALLATION_BROKEN when its package.json is not above it. */
export function installation(): Installation {
  found ??= describe(findRoot(dirname(fileURLToPath(import.meta.url))));
  return found;
}

/**
 * Names another executor than the installation's, for this process: how the tests of attacks run one that lacks a defence. The
 * command does it for the variable TSLXC_EXECUTOR.
 */
export function useExecutor(executor: string): void {
  found = { ...installation(), executor };
}

function describe(root: string): Installation {
  return {
    root,
    version: readPackage(root)?.version ?? '',
    templates: join(root, 'templates'),
    etc: join(root, 'etc'),
    executor: join(root, 'dist/native/tslxc-executor'),
    addon: join(root, 'dist/native/tslxc.node'),
  };
}

function findRoot(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (readPackage(directory)?.name === 'tslxc') return directory;
    if (directory === dirname(directory)) break;
  }
  throw new TslxcError('INSTALLATION_BROKEN', `no package.json of tslxc above ${from}`, {
    hint: 'install tslxc again',
  });
}

function readPackage(directory: string): { name?: string; version?: string } | undefined {
  const file = join(directory, 'package.json');
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string })
    : undefined;
}
