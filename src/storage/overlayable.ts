// Whether a container can be an overlay of a base: found out by mounting one, not by versions; remembered until the next boot.

import { readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectories } from '../host/directories.ts';
import { bootId } from '../host/procfs.ts';
import { isIdmappable } from './idmappable.ts';
import { removeTree } from './removal.ts';
import { runInSandbox } from './sandbox.ts';

export interface OverlayPlace {
  /** The tree beneath. */
  readonly lower: string;
  /** A directory of ours on the filesystem that takes the layer above. */
  readonly above: string;
  /** Emptied by a reboot. */
  readonly runDir: string;
  /** Whether both layers' ids are mapped at mount. */
  readonly idmapped: boolean;
}

/** Why there can be no overlay here, in words for "…: the rootfs is a copy"; undefined when there can be one. */
export async function overlayFault(place: OverlayPlace): Promise<string | undefined> {
  const note = join(place.runDir, 'probes', noteName(place));
  if (readNote(note) === bootId()) return undefined;
  const fault = await probe(place);
  if (fault === undefined) {
    makeDirectories(join(place.runDir, 'probes'), 0o700);
    writeFileSync(note, bootId(), { mode: 0o600 });
  }
  return fault;
}

async function probe({ lower, above, idmapped }: OverlayPlace): Promise<string | undefined> {
  if (idmapped) {
    for (const directory of new Set([lower, above])) {
      if (!(await isIdmappable(directory))) return `the filesystem of ${directory} can't map ids at mount`;
    }
  }
  const trial = join(above, 'overlay-trial');
  const at = { upper: join(trial, 'upper'), work: join(trial, 'work'), target: join(trial, 'target') };
  for (const directory of Object.values(at)) makeDirectories(directory, 0o700);
  try {
    const overlay = { lower, ...at, userxattr: idmapped };
    const view = {
      source: trial,
      target: trial,
      directory: trial,
      overlay,
      argv: ['touch', join(at.target, 'probe')],
      env: {},
    };
    const { exitCode, stderr } = await runInSandbox({ ...view, env: { PATH: '/usr/bin:/bin' } }, {});
    return exitCode === 0 ? undefined : `no overlay can be mounted in ${above} (${stderr.split('\n')[0]})`;
  } finally {
    await removeTree(trial);
  }
}

/** Of the filesystems, by number and kind: a note of another boot, or of a filesystem that has gone, says nothing. */
function noteName({ lower, above, idmapped }: OverlayPlace): string {
  const identify = (path: string) => `${statSync(path).dev}.${statfsSync(path).type.toString(16)}`;
  return `overlay-${identify(lower)}-${identify(above)}${idmapped ? '-idmapped' : ''}`;
}

function readNote(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
