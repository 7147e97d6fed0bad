// Which module files to load, in order, for some modules and what they depend on.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Paths of .ko files below `folder` (lib/modules/VERSION), dependencies first; what is built in is left out. */
export function modulesFor(folder, names) {
  // A package has no modules.dep: depmod makes it after installation.
  if (!existsSync(join(folder, 'modules.dep')))
    execFileSync('depmod', ['-b', join(folder, '../../..'), basename(folder)], { stdio: ['ignore', 2, 2] });
  const needs = new Map(
    readFileSync(join(folder, 'modules.dep'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(':'))
      .map(([path, rest]) => [path, rest.trim().split(' ').filter(Boolean)]),
  );
  const nameOf = path =>
    basename(path)
      .replace(/\.ko(\.\w+)?$/, '')
      .replaceAll('-', '_');
  const pathOf = name => [...needs.keys()].find(path => nameOf(path) === name);
  const found = names.map(pathOf).filter(Boolean);
  // modules.dep lists the nearest dependency first.
  const ordered = found.flatMap(path => [...needs.get(path)].reverse().concat(path));
  return [...new Set(ordered)].map(path => join(folder, path));
}
