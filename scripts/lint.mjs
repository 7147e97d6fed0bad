// npm run lint (--write puts right what can be): types, TypeScript and JavaScript, C and C++, shell, and whether what is generated is fresh.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Report } from './report.mjs';
import { root } from './root.mjs';

const MOST_LINES = 60;

/** Each linter is one check in the report. */
export function lint(report, { write = false } = {}) {
  report.begin('lint');
  const node = (script, ...args) => [process.execPath, join(root, script), ...args];
  const native = filesBelow('native').filter(
    path => /\.(c|h|cc|def)$/.test(path) && !/\/(out|build)\//.test(path),
  );
  const shell = ['templates', '.ci', 'etc', 'native', 'scripts', 'test'].flatMap(filesBelow).filter(isShell);
  const checks = {
    types: node('node_modules/typescript/bin/tsc', '-p', root, '--noEmit'),
    biome: node(
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--diagnostic-level=error',
      ...(write ? ['--write'] : []),
      '.',
    ),
    'clang-format': [
      'clang-format-19',
      '--dry-run',
      '-Werror',
      ...native.filter(path => !path.endsWith('.def')),
    ],
    shellcheck: ['shellcheck', '--external-sources', '--source-path=SCRIPTDIR', ...shell],
    generated: node('scripts/generate.mjs', '--check'),
  };
  for (const [name, [program, ...args]] of Object.entries(checks)) {
    if (name === 'shellcheck' && shell.length === 0) continue;
    const began = performance.now();
    const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    const failure = error
      ? `${program}: ${error.message}`
      : `${stdout}${stderr}`.trim().split('\n').slice(0, MOST_LINES).join('\n');
    report.check(`lint: ${name}`, performance.now() - began, status === 0 ? undefined : failure);
  }
}

/** Paths of regular files, relative to the root. */
function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}

function isShell(path) {
  if (/\/(out|build)\//.test(path)) return false;
  const start = Buffer.alloc(64);
  const file = openSync(join(root, path), 'r');
  readSync(file, start, 0, 64, 0);
  closeSync(file);
  return path.endsWith('.sh') || /^#!.*\b(sh|bash|dash)\b/.test(start.toString('latin1').split('\n')[0]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report(process.stdout);
  lint(report, { write: process.argv.includes('--write') });
  process.exitCode = report.close();
}
