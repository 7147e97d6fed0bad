// What can be done with bases beside making them: list them with their users, renew them, take away those that nobody needs.

import { TslxcError } from '../../base/errors.ts';
import { cleanInterruptedBases, retireBase } from '../../storage/base-building.ts';
import { type BaseSettings, type BaseUser, baseUsers, lockBases } from '../../storage/bases.ts';
import type { CreateSettings } from '../request.ts';
import { findTemplate } from '../template.ts';
import { type Base, dropReferences, listBases, referencesTo } from './base.ts';
import { type BaseRequest, baseFor } from './make.ts';

/** A base, who needs it, and whether a create would still use it. */
export interface KeptBase extends Base {
  readonly users: readonly BaseUser[];
  /** When the mirror was last asked whether this is what it has (ISO 8601, UTC); absent: the next create makes another. */
  readonly checked?: string;
}

/** All bases, oldest first. */
export function keptBases(settings: BaseSettings): KeptBase[] {
  return listBases(settings).map(base => {
    const checked = referencesTo(settings, base.id)
      .map(reference => reference.checked)
      .sort()
      .at(-1);
    const users = baseUsers(settings, base.id);
    return { ...base, users, ...(checked === undefined ? {} : { checked }) };
  });
}

/**
 * The bases that words name: the beginning of an id (four digits at least), a template, or a distribution.
 * Throws BASE_UNKNOWN for a word that names none.
 */
export function basesNamed(settings: BaseSettings, words: readonly string[]): KeptBase[] {
  const all = keptBases(settings);
  const named = new Set<KeptBase>();
  for (const word of words) {
    const found = all.filter(base => isNamed(base, word));
    if (found.length === 0) {
      throw new TslxcError('BASE_UNKNOWN', `there is no base ${JSON.stringify(word)}`, {
        hint: 'tslxc-images lists them',
      });
    }
    for (const base of found) named.add(base);
  }
  return [...named];
}

const LEAST_DIGITS = 4;

function isNamed({ id, template, distribution }: KeptBase, word: string): boolean {
  return (word.length >= LEAST_DIGITS && id.startsWith(word)) || template === word || distribution === word;
}

/** Asks the mirror of a base for what it has now and makes a new base where that differs. Throws what a template throws. */
export async function refreshBase(
  settings: CreateSettings,
  base: Base,
  caller: Omit<BaseRequest, 'templateArguments' | 'refresh'>,
): Promise<Base> {
  const template = findTemplate(base.template, { flavour: 'tslxc', templates: settings.templates });
  return await baseFor(settings, { ...caller, templateArguments: base.arguments, refresh: true }, template);
}

export interface PruneResult {
  readonly removed: readonly KeptBase[];
  /** Named or unnamed, they stay: containers are made of them. */
  readonly inUse: readonly KeptBase[];
}

/** Removes those of the bases that no container needs; with `pretend` says only which. */
export async function pruneBases(
  settings: BaseSettings,
  bases: readonly KeptBase[],
  pretend: boolean,
): Promise<PruneResult> {
  const removed: KeptBase[] = [];
  const inUse: KeptBase[] = [];
  for (const base of bases) {
    const gone = pretend ? base.users.length === 0 : await retireUnlessUsed(settings, base);
    (gone ? removed : inUse).push(base);
  }
  await cleanInterruptedBases(settings);
  return { removed, inUse };
}

/** Users are looked for again under the lock: a create may have come since. */
async function retireUnlessUsed(settings: BaseSettings, base: Base): Promise<boolean> {
  const lock = await lockBases(settings);
  try {
    if (baseUsers(settings, base.id).length > 0) return false;
    dropReferences(settings, base.id);
    retireBase(settings, base.id);
    return true;
  } finally {
    lock.release();
  }
}
