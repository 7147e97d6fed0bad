// When something in a tree was last changed, for builds that do only what is stale.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The newest mtime in milliseconds of the files and directories below the paths; 0 where there is none. */
export function newestChange(paths) {
  return Math.max(0, ...paths.map(newestIn));
}

function newestIn(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A directory's own mtime tells of files that were removed or renamed.
  return Math.max(stat.mtimeMs, ...readdirSync(path).map(name => newestIn(join(path, name))));
}
