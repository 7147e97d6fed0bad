// Runs built tests by part or by file, and ends with the ten slowest and `N passed, N failed, N skipped` alone.
//
//   node scripts/test.mjs [--grep PATTERN] [PART | full/PART | FILE]…      FILE may be the source (test/unit/x.test.ts) or the built one

import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { Report } from './report.mjs';
import { root } from './root.mjs';

/** What each part runs, how many files at once, and the longest that one file may take. */
const PARTS = {
  unit: { folder: 'test/unit', atOnce: 2, minutes: 2 },
  house: { folder: 'test/house', atOnce: 2, minutes: 2 },
  golden: { folder: 'test/golden', atOnce: 2, minutes: 2 },
  cli: { folder: 'test/cli', atOnce: 2, minutes: 3 },
  native: { folder: 'test/native', atOnce: 2, minutes: 5, needsRoot: true },
  templates: { folder: 'test/templates', atOnce: 1, minutes: 10, needsRoot: true },
  // One after the other: they look at what the whole host has.
  system: { folder: 'test/system', atOnce: 1, minutes: 10, needsRoot: true },
};

/** Runs the parts and files in order into one report, which it returns. */
export async function runTests(wanted, { pattern, report = new Report(process.stdout) } = {}) {
  for (const [name, part] of Object.entries(PARTS)) {
    const files = wanted.includes(name) ? testsIn(join(root, 'build', part.folder)) : [];
    if (files.length === 0) continue;
    if (part.needsRoot && process.getuid() !== 0)
      report.skipped(`all of ${part.folder}: only root can run them`, files.length);
    else await runFiles(name, files, part, { pattern, report });
  }
  for (const part of wanted.filter(word => word.startsWith('full/')))
    await runFiles(part, testsOfFull(part), { atOnce: 1, minutes: 90 }, { pattern, report });
  const files = wanted.filter(word => !(word in PARTS) && !word.startsWith('full/')).map(builtFile);
  if (files.length > 0) await runFiles('files', files, { atOnce: 1, minutes: 15 }, { pattern, report });
  return report;
}

async function runFiles(title, files, { atOnce, minutes }, { pattern, report }) {
  report.begin(title);
  const options = { files, concurrency: atOnce, timeout: minutes * 60_000 };
  const stream = run(pattern ? { ...options, testNamePatterns: [pattern] } : options);
  for await (const event of stream) report.take(event);
}

const testsIn = folder =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .filter(name => name.endsWith('.test.js'))
        .sort()
        .map(name => join(folder, name))
    : [];

/** A part of the full tier is a folder, or one file of that name. */
const testsOfFull = part =>
  [join(root, 'build/test', `${part}.test.js`)]
    .filter(existsSync)
    .concat(testsIn(join(root, 'build/test', part)));

/** The built file for a source or built file that was named on the command line. */
function builtFile(word) {
  const path = relative(root, resolve(word)).replace(/\.ts$/, '.js');
  const built = join(root, path.startsWith('build/') ? path : join('build', path));
  if (!existsSync(built)) throw new Error(`no test ${word}; parts are ${Object.keys(PARTS).join(', ')}`);
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const at = words.indexOf('--grep');
  const pattern = at < 0 ? undefined : words.splice(at, 2)[1];
  try {
    await build();
    const report = await runTests(words.length > 0 ? words : Object.keys(PARTS), { pattern });
    process.exitCode = report.close();
  } catch (error) {
    process.stderr.write(`test: ${error.message}\n`);
    process.exitCode = 1;
  }
}
