// npm test and npm run test:full: from whatever state the clone is in to the closing line.
//
//   node scripts/tier.mjs fast            lint, unit, golden, native with 60 s of each fuzz target, system
//   node scripts/tier.mjs full [PART…]    the fast tier and all parts of test/full; or only the named parts

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fuzz } from './fuzz.mjs';
import { lint } from './lint.mjs';
import { prepare } from './prepare.mjs';
import { Report } from './report.mjs';
import { residue } from './residue.mjs';
import { root } from './root.mjs';
import { runTests } from './test.mjs';

const [tier, ...named] = process.argv.slice(2);
const FUZZ_S = 60;

async function main() {
  await prepare(['build', 'run', 'test']);
  const report = new Report(process.stdout);
  const before = leftOnHost();
  const unknown = named.filter(part => !fullParts().includes(part));
  if (unknown.length > 0)
    throw new Error(`no part ${unknown}; there are ${fullParts().join(', ') || 'none'}`);
  if (named.length === 0) await fast(report);
  if (tier === 'full') await full(report, named.length > 0 ? named : fullParts());
  checkResidue(report, before);
  return report.close();
}

async function fast(report) {
  lint(report);
  await runTests(['unit', 'house', 'golden', 'cli', 'native'], { report });
  await fuzz(report, FUZZ_S);
  await runTests(['templates', 'system'], { report });
}

async function full(report, parts) {
  for (const part of parts) await runTests([`full/${part}`], { report });
}

/** A part is a folder of test/full, or a file `<part>.test.ts` there. */
function fullParts() {
  const folder = join(root, 'test/full');
  return existsSync(folder)
    ? [...new Set(readdirSync(folder).map(name => name.replace(/\.test\.ts$/, '')))].filter(
        name => !name.endsWith('.ts'),
      )
    : [];
}

const leftOnHost = () => residue().map(({ kind, what }) => `${kind} ${what}`);

/** What another run left before is that run's. */
function checkResidue(report, before) {
  const left = leftOnHost().filter(line => !before.includes(line));
  report.check('the tests left nothing on this host', 0, left.length === 0 ? undefined : left.join('\n'));
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
