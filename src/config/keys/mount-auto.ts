// lxc.mount.auto (lxc-config-keys 6.3): words accumulate over lines, the later word of one family wins, empty clears.

import type { ContainerConfig, MountAuto, MountAutoMode, Setting } from '../model.ts';
import { ValueError } from '../problem.ts';
import type { Cell, Store } from '../store.ts';
import { quoted, unknownWord } from '../values.ts';
import { type KeyEntry, words } from './entry.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type CgroupAuto = NonNullable<MountAuto['cgroup']>['value'];

const MODES: readonly MountAutoMode[] = ['mixed', 'ro', 'rw'];
const CGROUP_WORDS = new Map<string, CgroupAuto>();
for (const family of ['cgroup', 'cgroup-full'] as const)
  for (const mode of [undefined, ...MODES])
    for (const force of [false, true])
      CGROUP_WORDS.set([family, mode, force ? 'force' : undefined].filter(Boolean).join(':'), {
        family,
        mode: mode ?? 'default',
        force,
      });
for (const [word, mode] of [
  ['cgroup2', 'rw'],
  ['cgroup2:force', 'rw'],
  ['cgroup2:ro', 'ro'],
  ['cgroup2:ro:force', 'ro'],
] as const)
  CGROUP_WORDS.set(word, { family: 'cgroup2', mode, force: true });

const PROC_WORDS = { proc: 'mixed', 'proc:mixed': 'mixed', 'proc:rw': 'rw' } as const;
const SYS_WORDS = { sys: 'mixed', 'sys:mixed': 'mixed', 'sys:ro': 'ro', 'sys:rw': 'rw' } as const;
const ALL_WORDS = [
  ...Object.keys(PROC_WORDS),
  ...Object.keys(SYS_WORDS),
  ...CGROUP_WORDS.keys(),
  'shmounts:',
];

const cell: Cell<{ auto: Mutable<MountAuto> }> = { initial: () => ({ auto: {} }) };

export const mountAuto: KeyEntry = {
  key: 'lxc.mount.auto',
  set(store, said) {
    for (const word of words(said.value)) {
      const part = parseWord(word, said.value.indexOf(word));
      store.state(cell).auto = { ...store.state(cell).auto, ...part(said.origin) };
    }
  },
  clear(store) {
    store.state(cell).auto = {};
  },
  write: config => {
    const text = writeWords(config.mount.auto);
    return text === '' ? [] : [['lxc.mount.auto', text]];
  },
  read: config => readWords(config.mount.auto),
};

export function mountAutoIn(store: Store): ContainerConfig['mount']['auto'] {
  return store.state(cell).auto;
}

function parseWord(word: string, offset: number): (origin: Setting<unknown>['origin']) => MountAuto {
  const proc = Object.hasOwn(PROC_WORDS, word) ? PROC_WORDS[word as keyof typeof PROC_WORDS] : undefined;
  if (proc) return origin => ({ proc: { value: proc, origin } });
  const sys = Object.hasOwn(SYS_WORDS, word) ? SYS_WORDS[word as keyof typeof SYS_WORDS] : undefined;
  if (sys) return origin => ({ sys: { value: sys, origin } });
  const cgroup = CGROUP_WORDS.get(word);
  if (cgroup) return origin => ({ cgroup: { value: cgroup, origin } });
  if (!word.startsWith('shmounts:')) throw unknownWord(word, ALL_WORDS, 'automatic mount', offset);
  const [host, container, ...more] = word.slice('shmounts:'.length).split(':');
  if (!host || more.length > 0)
    throw new ValueError(`no host directory in ${quoted(word)}`, {
      offset,
      hint: 'Write shmounts:HOST[:CONTAINER]',
    });
  return origin => ({ shmounts: { value: { host, container: container || '/dev/.lxc-mounts' }, origin } });
}

function writeWords(auto: MountAuto): string {
  const shmounts = auto.shmounts && `shmounts:${auto.shmounts.value.host}:${auto.shmounts.value.container}`;
  return [
    auto.proc && `proc:${auto.proc.value}`,
    auto.sys && `sys:${auto.sys.value}`,
    cgroupWord(auto),
    shmounts,
  ]
    .filter(Boolean)
    .join(' ');
}

/** lxc-info shows neither cgroup2, nor what is forced, nor shmounts. */
function readWords(auto: MountAuto): string {
  const { cgroup, shmounts, ...shown } = auto;
  return writeWords(cgroup && !cgroup.value.force ? { ...shown, cgroup } : shown);
}

function cgroupWord(auto: MountAuto): string | undefined {
  if (!auto.cgroup) return undefined;
  const { family, mode, force } = auto.cgroup.value;
  if (family === 'cgroup2') return mode === 'ro' ? 'cgroup2:ro' : 'cgroup2';
  return `${family}${mode === 'default' ? '' : `:${mode}`}${force ? ':force' : ''}`;
}
