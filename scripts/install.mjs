// npm's install step: in a clone everything is built, in an installed package only what depends on the machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, FROM_PACKAGE, INSTALLED } from './build.mjs';
import { root } from './root.mjs';

try {
  await build({ steps: existsSync(join(root, 'src')) ? INSTALLED : FROM_PACKAGE });
} catch (error) {
  process.stderr.write(`tslxc: ${error.message}\n`);
  process.exitCode = 1;
}
