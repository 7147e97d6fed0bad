// Where the hierarchies of control groups are mounted, and which group a process is in. Reads only.

import { readFileSync, writeFileSync } from 'node:fs';
import { readProc } from './procfs.ts';

export interface CgroupMounts {
  readonly v2: string | undefined;
  /** Mount point by controller word, `name=systemd` included. */
  readonly v1: ReadonlyMap<string, string>;
}

/** From /proc/self/mountinfo; of several mounts of one hierarchy the first that shows its root. */
export function cgroupMounts(): CgroupMounts {
  let v2: string | undefined;
  const v1 = new Map<string, string>();
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    if (!line.includes(' - cgroup')) continue;
    const [before, after] = line.split(' - ') as [string, string];
    const [, , , root, mount] = before.split(' ');
    if (root !== '/' || mount === undefined) continue;
    const [type, , options] = after.split(' ');
    if (type === 'cgroup2') v2 ??= mount;
    else for (const word of options?.split(',') ?? []) if (!v1.has(word)) v1.set(word, mount);
  }
  return { v2, v1 };
}

/** The directory of the process's group in the v2 hierarchy, or in the v1 hierarchy of that controller. */
export function cgroupOf(pid: number, controller: string | 'v2', mounts: CgroupMounts): string | undefined {
  const mount = controller === 'v2' ? mounts.v2 : mounts.v1.get(controller);
  const text = mount === undefined ? undefined : readProc(`/proc/${pid}/cgroup`);
  if (text === undefined) return undefined;
  for (const line of text.split('\n')) {
    const [id, words, ...path] = line.split(':');
    const isIt = controller === 'v2' ? id === '0' && words === '' : words?.split(',').includes(controller);
    if (isIt) return `${mount}${path.join(':')}`.replace(/\/$/, '');
  }
  return undefined;
}

/** The group above (or equal) `directory` whose own name is `name`; `directory` itself when there is none. */
export function ancestorNamed(directory: string, name: string): string {
  const parts = directory.split('/');
  const at = parts.indexOf(name);
  return at === -1 ? directory : parts.slice(0, at + 1).join('/');
}

/** A file of a group, trimmed; undefined when the group or the file is not there. */
export function readCgroupFile(directory: string, file: string): string | undefined {
  return readProc(`${directory}/${file}`)?.trim();
}

export function writeCgroupFile(directory: string, file: string, value: string): void {
  writeFileSync(`${directory}/${file}`, value);
}
