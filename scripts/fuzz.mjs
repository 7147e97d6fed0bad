// npm run fuzz [-- SECONDS]: each fuzz target of the executor for some time under ASan and UBSan. Inputs that found new paths
// are kept in native/fuzz/corpus/<target>, inputs that broke it beside it in crashes/.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Report } from './report.mjs';
import { root } from './root.mjs';

/** Runs each target for so many seconds, all at once, as one check each. */
export async function fuzz(report, seconds) {
  const folder = join(root, 'native/fuzz');
  if (!existsSync(folder)) return;
  report.begin(`fuzz, ${seconds} s each`);
  const made = spawnSync('make', ['--silent', '-C', join(root, 'native'), 'fuzz'], { encoding: 'utf8' });
  if (made.status !== 0) return report.check('fuzz: build', 0, made.stderr);
  const targets = readdirSync(folder)
    .filter(name => name.endsWith('.c'))
    .map(name => name.slice(0, -2));
  for (const target of targets) runTarget(report, target, seconds);
}

function runTarget(report, target, seconds) {
  const corpus = join(root, 'native/fuzz/corpus', target);
  mkdirSync(corpus, { recursive: true });
  const program = join(root, 'native/out', `fuzz-${target}`);
  const began = performance.now();
  const args = [
    corpus,
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${join(root, 'native/out')}/`,
    '-verbosity=0',
  ];
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  const failure = error ? error.message : stderr;
  report.check(`fuzz: ${target}`, performance.now() - began, status === 0 ? undefined : failure.slice(-4000));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report(process.stdout);
  await fuzz(report, Number(process.argv[2] ?? 60));
  process.exitCode = report.close();
}
