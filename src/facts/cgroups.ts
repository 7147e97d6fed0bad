// The control group hierarchies of this host, and where in them the caller is.

import { accessSync, constants, readFileSync } from 'node:fs';
import type { CgroupHierarchy, HostFacts } from './model.ts';

interface Mounted {
  readonly mount: string;
  readonly version: 1 | 2;
  readonly options: readonly string[];
}

/** Reads /proc/self/mountinfo and /proc/self/cgroup. */
export function cgroupFacts(): HostFacts['cgroup'] {
  const memberships = readMemberships();
  const v1: CgroupHierarchy[] = [];
  let v2: CgroupHierarchy | undefined;
  for (const { mount, version, options } of readMounts()) {
    const own = memberships.find(({ controllers }) =>
      version === 2
        ? controllers.length === 0
        : controllers.length > 0 && controllers.every(word => options.includes(word)),
    );
    if (!own) continue;
    if (version === 2) v2 ??= unified(mount, own.path);
    else if (!v1.some(known => known.controllers.join() === own.controllers.join())) {
      const { controllers, path: ownPath } = own;
      v1.push({
        mount,
        controllers,
        ownPath,
        writable: writable(mount, ownPath),
        enabled: { root: [], own: [] },
      });
    }
  }
  const layout = v2 ? (v1.length > 0 ? 'hybrid' : 'v2') : v1.length > 0 ? 'v1' : 'none';
  return { layout, v1, ...(v2 ? { v2 } : {}) };
}

function unified(mount: string, ownPath: string): CgroupHierarchy {
  return {
    mount,
    controllers: words(`${mount}/cgroup.controllers`),
    ownPath,
    writable: writable(mount, ownPath),
    enabled: {
      root: words(`${mount}/cgroup.subtree_control`),
      own: words(`${mount}${ownPath}/cgroup.subtree_control`),
    },
  };
}

/** A line is `ID:CONTROLLERS:PATH`; no controllers is cgroup2. */
function readMemberships(): { readonly controllers: readonly string[]; readonly path: string }[] {
  const lines = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .filter(line => line !== '');
  return lines.map(line => {
    const [, controllers = '', ...path] = line.split(':');
    return { controllers: controllers.split(',').filter(word => word !== ''), path: path.join(':') };
  });
}

/** Mounts that show a hierarchy from its root; binds of a part do not count. */
function readMounts(): Mounted[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap(line => {
    const [before = '', after = ''] = line.split(' - ');
    const [type, , options = ''] = after.split(' ');
    const [, , , root, mount = ''] = before.split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || root !== '/') return [];
    return [{ mount: unescapePath(mount), version: type === 'cgroup2' ? 2 : 1, options: options.split(',') }];
  });
}

function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function writable(mount: string, ownPath: string): CgroupHierarchy['writable'] {
  return { root: isWritable(mount), own: isWritable(ownPath === '/' ? mount : `${mount}${ownPath}`) };
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function words(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split(/\s+/)
      .filter(word => word !== '');
  } catch {
    return [];
  }
}
