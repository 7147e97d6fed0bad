// npm's install step: in a clone everything is built, in an installed package only what depends on the machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { root } from './root.mjs';

try {
  await build({ fromPackage: !existsSync(join(root, 'src')) });
} catch (error) {
  process.stderr.write(`tslxc: ${error.message}\n`);
  process.exitCode = 1;
}
