// From a fresh clone to something that runs: packages, npm ci, build. Each is skipped where it is done already.

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeHeaders } from './node-headers.mjs';
import { tooOld } from './node-version.mjs';
import { installPackages } from './packages.mjs';
import { root } from './root.mjs';

/** Throws one line that says what is in the way. */
export async function prepare(purposes) {
  const old = tooOld();
  if (old) throw new Error(old);
  installPackages(purposes);
  if (!sameAsLocked()) npmCi();
  const { build, INSTALLED } = await import('./build.mjs');
  await build(purposes.includes('test') ? {} : { steps: INSTALLED });
}

/** Whether node_modules holds exactly what package-lock.json says. */
function sameAsLocked() {
  const installed = packagesIn('node_modules/.package-lock.json');
  const locked = packagesIn('package-lock.json');
  return Object.entries(locked).every(
    ([path, { version, optional, os, cpu }]) =>
      path === '' ||
      installed[path]?.version === version ||
      (optional && (os || cpu) && !(path in installed)),
  );
}

const packagesIn = file =>
  existsSync(join(root, file)) ? JSON.parse(readFileSync(join(root, file), 'utf8')).packages : {};

function npmCi() {
  // npm would empty what it points to.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error('node_modules is a link and out of date: run npm ci where it leads to');
  const headers = nodeHeaders();
  const env = { ...process.env, ...(headers ? { npm_config_nodedir: headers } : {}) };
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('npm ci failed');
}
