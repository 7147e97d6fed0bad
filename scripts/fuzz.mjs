// npm run fuzz [-- SECONDS]: each fuzz target of the executor for some time under ASan and UBSan. test/native/corpus/<target> holds
// the seeds; inputs that find new paths stay in native/out/corpus, inputs that break it in native/out/crash-<target>-*.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Report } from './report.mjs';
import { root } from './root.mjs';

const native = join(root, 'native');

/** Runs all targets at once for so many seconds, as one check each. */
export async function fuzz(report, seconds) {
  const targets = (existsSync(join(native, 'executor')) ? readdirSync(join(native, 'executor')) : [])
    .map(name => /^fuzz_(\w+)\.c$/.exec(name)?.[1])
    .filter(Boolean);
  if (targets.length === 0) return;
  report.begin(`fuzz: ${targets.join(', ')}, ${seconds} s each`);
  const made = spawnSync('make', ['--silent', '-C', native, 'fuzz'], { encoding: 'utf8' });
  if (made.status !== 0) return report.check('fuzz: build', 0, made.stderr);
  await Promise.all(targets.map(target => runTarget(report, target, seconds)));
}

async function runTarget(report, target, seconds) {
  const grown = join(native, 'out/corpus', target);
  const seeds = join(root, 'test/native/corpus', target);
  mkdirSync(grown, { recursive: true });
  const options = [
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${join(native, 'out')}/${target}-`,
    '-verbosity=0',
    '-timeout=10',
  ];
  const began = performance.now();
  const corpora = [grown, seeds].filter(existsSync);
  const child = spawn(join(native, 'out', `fuzz-${target}`), [...options, ...corpora], {
    stdio: ['ignore', 2, 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', chunk => {
    said = (said + chunk).slice(-20_000);
  });
  const status = await new Promise(resolve => {
    child.once('close', code => resolve(code));
    child.once('error', error => {
      said += error.message;
      resolve(1);
    });
  });
  report.check(`fuzz: ${target}`, performance.now() - began, status === 0 ? undefined : said.slice(-4000));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report(process.stdout);
  await fuzz(report, Number(process.argv[2] ?? 60));
  process.exitCode = report.close();
}
