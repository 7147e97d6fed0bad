// dist/bin/tslxc-<verb> and dist/compat/lxc-<verb>: links to the one program, which reads the verb from its own name.
import { chmodSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Makes the links for every verb of the built registry and removes those of verbs that are gone. */
export async function makeLinks(dist) {
  chmodSync(join(dist, 'bin/tslxc.cjs'), 0o755);
  const verbs = await verbsOf(dist);
  linkAll(join(dist, 'bin'), 'tslxc.cjs', ['tslxc', ...verbs.map(verb => `tslxc-${verb}`)]);
  linkAll(
    join(dist, 'compat'),
    '../bin/tslxc.cjs',
    verbs.map(verb => `lxc-${verb}`),
  );
}

/** The names of all verbs, asked of the registry itself. */
async function verbsOf(dist) {
  const registry = pathToFileURL(join(dist, 'cli/registry.js'));
  const { VERBS } = await import(`${registry}?at=${Date.now()}`);
  return Object.keys(VERBS);
}

function linkAll(directory, target, names) {
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (!/\.(cjs|cache)$/.test(name) && !names.includes(name)) rmSync(join(directory, name));
  }
  for (const name of names) {
    const path = join(directory, name);
    if (isLinkTo(path, target)) continue;
    rmSync(path, { force: true });
    symlinkSync(target, path);
  }
}

function isLinkTo(path, target) {
  try {
    return readlinkSync(path) === target;
  } catch {
    return false;
  }
}
