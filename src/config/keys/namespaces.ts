// Namespaces and id maps (lxc-config-keys 4.6, 4.10).

import type { Origin } from '../../base/errors.ts';
import {
  type ContainerConfig,
  type IdMapping,
  NAMESPACE_WORDS,
  type NamespaceWord,
  type Setting,
} from '../model.ts';
import { ValueError } from '../problem.ts';
import { type Cell, defined, type Store } from '../store.ts';
import { quoted, text, type ValueType, word } from '../values.ts';
import { eachOnALine, type KeyEntry, list, scalar, words } from './entry.ts';

type Choice = 'clone' | 'keep';
type Chosen = Setting<readonly NamespaceWord[]>;
const choiceCell: Cell<Partial<Record<Choice, Chosen>>> = { initial: () => ({}) };
const namespaceWord = word(NAMESPACE_WORDS, 'namespace');

/** Words accumulate over lines; clone and keep exclude each other. */
function choice(which: Choice, other: Choice): KeyEntry {
  const key = `lxc.namespace.${which}`;
  return {
    key,
    set(store, said) {
      const state = store.state(choiceCell);
      if (state[other])
        throw new ValueError(`${key} with lxc.namespace.${other} ${where(state[other].origin)}`, {
          hint: 'Use one of the two',
        });
      const added = words(said.value).map(namespaceWord.parse);
      state[which] = { value: [...new Set([...(state[which]?.value ?? []), ...added])], origin: said.origin };
    },
    clear(store) {
      delete store.state(choiceCell)[which];
    },
    write: ({ namespace }) =>
      namespace[which]?.value.length ? [[key, namespace[which].value.join(' ')]] : [],
    read: ({ namespace }) => eachOnALine(namespace[which]?.value ?? []),
  };
}

function where(origin: Origin): string {
  return 'rule' in origin ? `(${origin.rule})` : `in line ${origin.line} of ${origin.file}`;
}

const share = Object.fromEntries(
  NAMESPACE_WORDS.map(ns => [ns, scalar(`lxc.namespace.share.${ns}`, text, c => c.namespace.share[ns])]),
);

const MAX_ID = 2 ** 32;
const mapping: ValueType<IdMapping> = {
  parse(value) {
    const [kind, ...fields] = words(value);
    if (kind !== 'u' && kind !== 'g')
      throw new ValueError(`neither u nor g: ${quoted(kind ?? '')}`, {
        hint: 'Write one line for user ids (u) and one for group ids (g)',
      });
    if (fields.length !== 3 || !fields.every(field => /^\d{1,10}$/.test(field)))
      throw new ValueError(`not an id map: ${quoted(value)}`, { hint: 'Write u|g NSID HOSTID RANGE' });
    const [nsId = 0, hostId = 0, count = 0] = fields.map(Number);
    if (count === 0) throw new ValueError('the range of an id map is empty');
    if (nsId + count > MAX_ID || hostId + count > MAX_ID)
      throw new ValueError('the id map ends above the last id, 4294967295');
    return { kind, nsId, hostId, count };
  },
  write: map => `${map.kind} ${map.nsId} ${map.hostId} ${map.count}`,
};
const idmap = list('lxc.idmap', mapping, c => c.idmap, { parted: true });
const idmapDisjoint: KeyEntry = {
  ...idmap,
  set(store, said) {
    const added = mapping.parse(said.value);
    for (const { value, origin } of idmap.in(store)) {
      if (value.kind === added.kind && (overlap(value, added, 'nsId') || overlap(value, added, 'hostId')))
        throw new ValueError(`the id map overlaps the one ${where(origin)}`);
    }
    idmap.set(store, said);
  },
};

function overlap(a: IdMapping, b: IdMapping, side: 'nsId' | 'hostId'): boolean {
  return a[side] < b[side] + b.count && b[side] < a[side] + a.count;
}

export const namespaceKeys: readonly KeyEntry[] = [
  choice('clone', 'keep'),
  choice('keep', 'clone'),
  ...Object.values(share),
  idmapDisjoint,
];

export function buildNamespaces(store: Store): Pick<ContainerConfig, 'namespace' | 'idmap'> {
  const { clone, keep } = store.state(choiceCell);
  const shared = Object.fromEntries(Object.entries(share).map(([ns, key]) => [ns, key.in(store)]));
  return { namespace: { ...defined({ clone, keep }), share: defined(shared) }, idmap: idmap.in(store) };
}
