// npm run generate: everything that is made from the tables: opcodes.ts from opcodes.def, and `bin` and `man` of package.json
// from the registry of verbs. `--check` changes nothing and fails when something is stale.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './root.mjs';

const check = process.argv.includes('--check');

function opcodes() {
  const script = join(root, 'native/executor/generate.mjs');
  const { status } = spawnSync(process.execPath, [script, ...(check ? ['--check'] : [])], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('opcodes.ts was not made');
}

/** npm drops links from tarballs, so each name of the program is declared. */
async function programs() {
  await build({ steps: ['library'] });
  const { VERBS } = await import(join(root, 'dist/cli/registry.js'));
  const names = ['tslxc', ...Object.keys(VERBS).map(verb => `tslxc-${verb}`)].sort();
  const file = join(root, 'package.json');
  const { name, version, description, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  const bin = Object.fromEntries(names.map(program => [program, 'dist/bin/tslxc.cjs']));
  const man = names.map(program => `dist/man/${program}.1`);
  keep(file, `${JSON.stringify({ name, version, description, ...rest, bin, man }, null, 2)}\n`);
}

function keep(file, text) {
  if (readFileSync(file, 'utf8') === text) return;
  if (check) throw new Error(`${file} is stale: npm run generate`);
  writeFileSync(file, text);
}

try {
  opcodes();
  await programs();
} catch (error) {
  process.stderr.write(`generate: ${error.message}\n`);
  process.exitCode = 1;
}
