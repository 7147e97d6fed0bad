// dist/man: one page a verb, and tslxc.1.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './root.mjs';

/** Writes the pages of the built verbs to a fresh directory. */
export async function writeManual(dist, directory) {
  const load = file => import(`${pathToFileURL(join(dist, 'cli', file))}?at=${Date.now()}`);
  const [{ VERBS }, { manualPage, overviewPage }] = await Promise.all([
    load('registry.js'),
    load('manual.js'),
  ]);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [verb, { load: loadVerb }] of Object.entries(VERBS)) {
    const { command } = await loadVerb();
    writeFileSync(join(directory, `tslxc-${verb}.1`), manualPage(command, `tslxc-${verb}`, version));
  }
  const verbs = Object.entries(VERBS).map(([name, { summary }]) => ({ name, summary }));
  writeFileSync(join(directory, 'tslxc.1'), overviewPage(verbs, version));
}
