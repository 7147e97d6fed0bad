// One line instead of a stack trace where Node is too old. Plain enough to be read by an old Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

/** What is wrong with this Node, as one line; undefined when it will do. */
export function tooOld() {
  const least = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace('>=', '');
  const [a, b] = [process.versions.node, least].map(version => version.split('.').map(Number));
  const difference = a.map((number, index) => number - b[index]).find(number => number !== 0) || 0;
  return difference < 0
    ? `tslxc needs Node ${least} or newer; this is ${process.versions.node} (Debian: package nodejs of trixie)`
    : undefined;
}
