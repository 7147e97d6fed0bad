// What tests of create look at: the whole of an lxcpath, the id registry, and templates written for one test.

import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Harness } from '../system/harness.ts';

/** Names in the lxcpath, hidden ones too. */
export function entriesOf(harness: Harness): string[] {
  return readdirSync(harness.lxcpath).sort();
}

/** First ids of the ranges that are taken. */
export function takenRanges(harness: Harness): number[] {
  try {
    return readdirSync(join(harness.stateDir, '.ids'))
      .filter(name => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Writes an executable template; PATH, NAME and ROOTFS are set when its body runs. Returns its absolute path. */
export function writeTemplate(harness: Harness, name: string, body: string): string {
  const file = join(harness.directory, name);
  const head = `#!/bin/sh
set -eu
for word in "$@"; do
  case $word in
    --path=*) PLACE=\${word#--path=} ;;
    --name=*) NAME=\${word#--name=} ;;
    --rootfs=*) ROOTFS=\${word#--rootfs=} ;;
  esac
done
`;
  writeFileSync(file, head + body);
  chmodSync(file, 0o755);
  return file;
}

/** Processes whose command line holds `word`. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
      } catch {
        return false;
      }
    })
    .map(Number)
    .filter(pid => pid !== process.pid);
}

/**
 * Writes a template with two phases: `body` fills ROOTFS for all, `index` prints what changes with its mirror; personalize writes the
 * container's name to ROOTFS/name.
 */
export function writeTwoPhaseTemplate(
  harness: Harness,
  name: string,
  body: string,
  index = 'echo always',
): string {
  const file = join(harness.directory, name);
  const text = `#!/bin/sh
# phases: base personalize
set -eu
PHASE= PLACE= NAME= ROOTFS=
for word in "$@"; do
  case $word in
    --phase=*) PHASE=\${word#--phase=} ;;
    --path=*) PLACE=\${word#--path=} ;;
    --name=*) NAME=\${word#--name=} ;;
    --rootfs=*) ROOTFS=\${word#--rootfs=} ;;
    --base=*) ;;
    *) continue ;;
  esac
  shift
done
facts() { index=$(${index}); printf '%s %s\\n' distribution test release 1 arch x origin mirror index "$index"; }
base() { ( ${body}
); }
case $PHASE in
  look) facts ;;
  base) base "$@"; facts >"$PLACE/facts" ;;
  personalize) echo "$NAME" >"$ROOTFS/name" ;;
  *) facts >/dev/null; base "$@"; echo "$NAME" >"$ROOTFS/name" ;;
esac
`;
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}
