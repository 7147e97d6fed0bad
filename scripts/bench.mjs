// npm run bench: prepares as npm test does, then measures (test/bench/main.ts says what).
//
//   npm run bench [-- --json]       `-- --readme` also puts the table into README.md

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './root.mjs';

function intoReadme(text) {
  const file = join(root, 'README.md');
  const between = /(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/;
  const said = `\`\`\`\n${text.trim()}\n\`\`\`\n`;
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(between, (_, open, close) => `${open}${said}${close}`),
  );
}

try {
  await prepare(['build', 'run', 'test']);
  const words = process.argv.slice(2).filter(word => word !== '--readme');
  const stdio = ['ignore', 'pipe', 'inherit'];
  const main = join(root, 'build/test/bench/main.js');
  const { status, stdout } = spawnSync(process.execPath, [main, ...words], { stdio, encoding: 'utf8' });
  process.stdout.write(stdout);
  process.exitCode = status ?? 1;
  if (status === 0 && process.argv.includes('--readme')) intoReadme(stdout);
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}
