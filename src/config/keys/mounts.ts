// Rootfs, mounts, autodev (lxc-config-keys 4.4, 6).

import { parseMountEntry, writeMountEntry } from '../fstab.ts';
import type { ContainerConfig, MountEntry, RootfsPath, Setting } from '../model.ts';
import { ValueError } from '../problem.ts';
import { defined, type Store } from '../store.ts';
import { bool, path, unknownWord, type ValueType } from '../values.ts';
import { defaulted, type KeyEntry, list, type ScalarKey, scalar } from './entry.ts';
import { mountAuto, mountAutoIn } from './mount-auto.ts';

const ROOTFS_TYPES = ['dir', 'overlay', 'overlayfs', 'loop', 'lvm', 'btrfs', 'zfs', 'rbd', 'nbd'] as const;

/** `TYPE:SPEC`; a text that begins with `/` is all SPEC, whatever colons it holds. */
export const rootfsPathType: ValueType<RootfsPath> = {
  parse(value) {
    path.parse(value);
    const colon = value.indexOf(':');
    if (value.startsWith('/') || colon < 0) return { type: undefined, spec: value };
    const said = value.slice(0, colon);
    const type = ROOTFS_TYPES.find(known => known === said);
    if (type === undefined) throw unknownWord(said, ROOTFS_TYPES, 'rootfs type');
    if (colon + 1 === value.length) throw new ValueError(`nothing after ${said}:`, { offset: colon });
    return { type: type === 'overlayfs' ? 'overlay' : type, spec: value.slice(colon + 1) };
  },
  write: value => (value.type === undefined ? value.spec : `${value.type}:${value.spec}`),
};

const ENTRY_ONLY = /^(create=.*|optional|relative)$/;
const mountOptions: ValueType<string> = {
  parse(value) {
    const wrong = value.split(',').find(option => ENTRY_ONLY.test(option));
    if (wrong !== undefined)
      throw new ValueError(`${wrong} is an option of lxc.mount.entry, not of the rootfs`, {
        offset: value.indexOf(wrong),
      });
    return value;
  },
  write: value => value,
};
const entryType: ValueType<MountEntry> = { parse: parseMountEntry, write: writeMountEntry };
const DEFAULT_TMPFS_BYTES = 500_000;
const tmpfsSize: ValueType<number> = {
  parse: value => (/^\d{1,15}$/.test(value) ? Number(value) : DEFAULT_TMPFS_BYTES),
  write: String,
};

const rootfsPath = scalar('lxc.rootfs.path', rootfsPathType, c => c.rootfs.path, {
  show: value => value.spec,
});
const rootfsMount = scalar('lxc.rootfs.mount', path, c => c.rootfs.mount);
const rootfsOptions = rootfsOptionsKey();
const rootfsManaged = defaulted('lxc.rootfs.managed', bool, true, c => c.rootfs.managed);
const fstab = scalar('lxc.mount.fstab', path, c => c.mount.fstab);
const fstabNotEmpty: KeyEntry = {
  ...fstab,
  clear() {
    throw new ValueError('a file is needed', { hint: 'Remove the line to use no fstab' });
  },
};
const entries = list('lxc.mount.entry', entryType, c => c.mount.entries);
const autodev = defaulted('lxc.autodev', bool, true, c => c.autodev, { empty: false });
const tmpfsBytes = defaulted(
  'lxc.autodev.tmpfs.size',
  tmpfsSize,
  DEFAULT_TMPFS_BYTES,
  c => c.autodevTmpfsSizeBytes,
  {
    empty: DEFAULT_TMPFS_BYTES,
    unset: '0',
  },
);

export const mountKeys: readonly KeyEntry[] = [
  rootfsPath,
  rootfsMount,
  rootfsOptions,
  rootfsManaged,
  fstabNotEmpty,
  entries,
  mountAuto,
  autodev,
  tmpfsBytes,
];

export function buildMounts(
  store: Store,
): Pick<ContainerConfig, 'rootfs' | 'mount' | 'autodev' | 'autodevTmpfsSizeBytes'> {
  return {
    rootfs: {
      ...defined({ path: rootfsPath.in(store), mount: rootfsMount.in(store) }),
      options: splitOptions(rootfsOptions.in(store)),
      managed: rootfsManaged.in(store),
    },
    mount: { ...defined({ fstab: fstab.in(store) }), entries: entries.in(store), auto: mountAutoIn(store) },
    autodev: autodev.in(store),
    autodevTmpfsSizeBytes: tmpfsBytes.in(store),
  };
}

/** One line is one text to LXC; the model holds its options one by one. */
function rootfsOptionsKey(): ScalarKey<string> {
  return scalar('lxc.rootfs.options', mountOptions, config => {
    const [first] = config.rootfs.options;
    return (
      first && { value: config.rootfs.options.map(option => option.value).join(','), origin: first.origin }
    );
  });
}

function splitOptions(line: Setting<string> | undefined): Setting<string>[] {
  if (line === undefined) return [];
  return line.value
    .split(',')
    .filter(option => option !== '')
    .map(value => ({ value, origin: line.origin }));
}
