// What a running container is, as far as an attach rests on it. Reads only.

import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { NAMESPACE_WORDS } from '../config/model.ts';
import type { InitKind, RunningFacts } from './model.ts';

/** Facts of the container whose init that process is; payloads that are gone are left out. */
export function collectRunningFacts(
  pid: number,
  starttime: bigint,
  payloads: RunningFacts['payloads'],
): RunningFacts {
  return {
    pid,
    starttime,
    namespaces: NAMESPACE_WORDS.filter(word => namespaceOf(pid, word) !== namespaceOf('self', word)),
    payloads: payloads.filter(({ path }) => existsSync(path)),
    mapsRoot: mapsZero(pid, 'uid_map') && mapsZero(pid, 'gid_map'),
    ...privilegesOf(pid),
  };
}

/** Identity of a namespace; undefined where the kernel has none of the kind. */
function namespaceOf(pid: number | 'self', word: string): number | undefined {
  return statSync(`/proc/${pid}/ns/${word}`, { throwIfNoEntry: false })?.ino;
}

/** A line is FIRST-INSIDE FIRST-OUTSIDE COUNT. */
function mapsZero(pid: number, file: 'uid_map' | 'gid_map'): boolean {
  const lines = readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\n');
  return lines.some(line => /^\s*0\s/.test(line));
}

function privilegesOf(pid: number): Pick<RunningFacts, 'capBounding' | 'noNewPrivs'> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '0';
  return { capBounding: BigInt(`0x${field('CapBnd')}`), noNewPrivs: field('NoNewPrivs') === '1' };
}

const INIT_NAMES: Readonly<Record<string, InitKind>> = {
  systemd: 'systemd',
  busybox: 'busybox',
  'openrc-init': 'openrc',
  upstart: 'upstart',
  init: 'sysvinit',
};

/** What the init of a running container is, by the name of its program alone: enough to choose a signal. */
export function runningInit(pid: number): InitKind {
  try {
    return INIT_NAMES[basename(readlinkSync(`/proc/${pid}/exe`))] ?? 'other';
  } catch {
    return 'other';
  }
}
