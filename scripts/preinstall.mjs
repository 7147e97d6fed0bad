// Before npm installs tslxc: one line instead of a compiler's wall of text. Never installs anything.
import { tooOld } from './node-version.mjs';
import { missingForBuild } from './packages.mjs';

const problem = tooOld() || missingForBuild();
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
