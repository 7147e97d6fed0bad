// A template on a host that lacks some programs.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../src/host/installation.ts';

/** What our template says to stderr where these files are not there: each is covered in a mount namespace of its own. */
export function lacking(template: string, files: readonly string[], words: readonly string[] = []): string {
  const program = join(installation().templates, `tslxc-${template}`);
  const directory = mkdtempSync('/var/tmp/tslxctest-lacking-');
  // A file can't be taken away for one process; a directory without it can stand over its own.
  const script = `
    for file in ${files.join(' ')}; do
      place=\${file%/*}
      mkdir -p "$0/new$place" "$0/old$place"
      if [ -z "$(ls -A "$0/new$place")" ]; then
        mount --bind "$place" "$0/old$place"
        ln -s "$0/old$place"/* "$0/new$place"
      fi
      rm -f "$0/new$file"
    done
    for place in $(printf '%s\\n' ${files.map(file => file.slice(0, file.lastIndexOf('/'))).join(' ')} | sort -u); do
      mount --bind "$0/new$place" "$place"
    done
    exec "$@"`;
  try {
    const run = [program, '--phase=base', `--path=${directory}`, `--rootfs=${directory}`, ...words];
    return spawnSync('unshare', ['-m', 'sh', '-c', script, directory, ...run], { encoding: 'utf8' }).stderr;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
