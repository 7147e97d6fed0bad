// Node's headers, where they were installed with Node: then node-gyp need not download them.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory for node-gyp's --nodedir; undefined where Node came without headers. */
export function nodeHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return [prefix, '/usr'].find(directory => isForThisNode(join(directory, 'include/node')));
}

const isForThisNode = directory =>
  existsSync(join(directory, 'node_api.h')) && existsSync(join(directory, 'common.gypi'));
