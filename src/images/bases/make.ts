// From a template's options to a base: the one that is there, or a new one. Whoever comes while it is made waits for it.

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { takeLock } from '../../host/locks.ts';
import { beginBase, cleanInterruptedBases, discardBase, publishBase } from '../../storage/base-building.ts';
import { recordWorker } from '../../storage/builder.ts';
import { writeFileDurably } from '../../storage/durable.ts';
import { storedBytes } from '../../storage/store.ts';
import { treeDigest } from '../../storage/tree-archive.ts';
import { inStep } from '../events.ts';
import type { CreateSettings } from '../request.ts';
import { looksAlways, type Template } from '../template.ts';
import { lookWithTemplate, refuseWhenAborted, runTemplate, type TemplateCaller } from '../template-run.ts';
import {
  type Base,
  type BaseFacts,
  type Reference,
  readBase,
  readReference,
  referenceLock,
  writeReference,
} from './base.ts';
import { baseKey } from './key.ts';

export interface BaseRequest extends TemplateCaller {
  /** Whether the mirror is asked for what it has now, however young the base is. */
  readonly refresh: boolean;
}

/** A base that was checked longer ago than this is used, with a word about it. */
const OLD_MS = 7 * 24 * 60 * 60 * 1000;

interface Found {
  readonly base: Base;
  readonly reference: Reference;
}

/** The base for these options, made now unless it is there. Throws what a template throws. */
export async function baseFor(
  settings: CreateSettings,
  request: BaseRequest,
  template: Template,
): Promise<Base> {
  const key = baseKey(template, request.templateArguments, settings.templates);
  const found = find(settings, key);
  if (found === undefined)
    return await withReferenceLock(settings, key, request, () =>
      ensure(settings, request, { template, key }),
    );
  if (!request.refresh && !looksAlways(template, request.templateArguments)) return tellAge(request, found);
  return await withReferenceLock(settings, key, request, () => refresh(settings, request, { template, key }));
}

interface Wanted {
  readonly template: Template;
  readonly key: string;
}

function find(settings: CreateSettings, key: string): Found | undefined {
  const reference = readReference(settings, key);
  const base = reference && readBase(settings, reference.base);
  return base && { base, reference };
}

/** Another create may have made it while this one waited. */
async function ensure(settings: CreateSettings, request: BaseRequest, wanted: Wanted): Promise<Base> {
  return find(settings, wanted.key)?.base ?? (await make(settings, request, wanted));
}

/** Makes the base anew where the mirror has changed since. */
async function refresh(settings: CreateSettings, request: BaseRequest, wanted: Wanted): Promise<Base> {
  const found = find(settings, wanted.key);
  if (found === undefined) return await make(settings, request, wanted);
  const { index } = await inStep(
    request.onEvent,
    { step: 'look', text: `asking ${found.base.origin} what it has now` },
    () => lookWithTemplate(request, wanted.template, cacheEnvironment(settings)),
  );
  if (index !== found.base.index) return await make(settings, request, wanted);
  writeReference(settings, wanted.key, { base: found.base.id, checked: new Date().toISOString() });
  if (!request.refresh) return found.base;
  const { distribution, release, origin } = found.base;
  request.onEvent({
    kind: 'notice',
    text: `the base of ${distribution} ${release} is what ${origin} has now`,
  });
  return found.base;
}

function tellAge({ onEvent }: BaseRequest, { base, reference }: Found): Base {
  const days = Math.floor((Date.now() - Date.parse(reference.checked)) / 86_400_000);
  if (days * 86_400_000 >= OLD_MS) {
    const { distribution, release } = base;
    const text = `the base of ${distribution} ${release} is ${days} days old; --refresh renews it`;
    onEvent({ kind: 'notice', text });
  }
  return base;
}

async function make(
  settings: CreateSettings,
  request: BaseRequest,
  { template, key }: Wanted,
): Promise<Base> {
  await cleanInterruptedBases(settings);
  const build = beginBase(settings);
  try {
    const directory = realpathSync(build.base);
    await inStep(
      request.onEvent,
      { step: 'base', text: 'making a base, once for all containers like it' },
      () =>
        runTemplate(request, template, {
          source: directory,
          target: directory,
          words: ['--phase=base', `--path=${directory}`, `--rootfs=${directory}/rootfs`],
          env: cacheEnvironment(settings),
          onStart: pid => recordWorker(build.directory, pid),
        }),
    );
    const made = new Date().toISOString();
    const tree = await inStep(
      request.onEvent,
      { step: 'digest', text: 'reading the base for its digest' },
      () => treeDigest(join(build.base, 'rootfs')),
    );
    const base: Base = {
      ...readFacts(join(build.base, 'facts'), template),
      id: withWords(tree, readFileSync(join(build.base, 'facts'), 'utf8')),
      tree,
      template: template.ours ? template.path.replace(/^.*\/tslxc-/, '') : template.path,
      arguments: request.templateArguments,
      made,
      sizeBytes: await storedBytes(join(build.base, 'rootfs')),
    };
    writeFileDurably(join(build.base, 'base.json'), `${JSON.stringify(base)}\n`, 0o600);
    refuseWhenAborted(request.signal);
    // In this order a killed command leaves no base that no create would ever find.
    writeReference(settings, key, { base: base.id, checked: made });
    await publishBase(settings, build, base.id);
    return base;
  } catch (error) {
    await discardBase(build);
    throw error;
  }
}

/** What an image says beside its tree (templates/image.sh) becomes config: two that differ in it are not the same base. */
function withWords(digest: string, facts: string): string {
  const words = facts.split('\n').filter(line => /^(include|config|message) /.test(line));
  if (words.length === 0) return digest;
  return createHash('sha256')
    .update([digest, ...words].join('\n'))
    .digest('hex');
}

/** Where templates keep what they download. */
export function cacheEnvironment({ cacheDir }: CreateSettings): Readonly<Record<string, string>> {
  return { TSLXC_CACHE: cacheDir };
}

function readFacts(file: string, template: Template): BaseFacts {
  const facts = new Map<string, string>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [key = '', ...words] = line.split(' ');
    facts.set(key, words.join(' '));
  }
  const fact = (key: keyof BaseFacts): string => {
    const value = facts.get(key);
    if (value) return value;
    throw new TslxcError(
      'TEMPLATE_FAILED',
      `template ${template.path} did not say the ${key} of what it made`,
    );
  };
  return {
    distribution: fact('distribution'),
    release: fact('release'),
    arch: fact('arch'),
    origin: fact('origin'),
    index: fact('index'),
  };
}

/** As long as another create may take to make the base. */
const MAKING_MS = 24 * 60 * 60 * 1000;

async function withReferenceLock<T>(
  settings: CreateSettings,
  key: string,
  { signal, onEvent }: BaseRequest,
  work: () => Promise<T>,
): Promise<T> {
  const file = referenceLock(settings, key);
  let lock = await takeLock(file, 0);
  if (lock === undefined) {
    onEvent({ kind: 'notice', text: 'another command makes the same base: waiting for it' });
    // An abort ends the waiting; what is thrown then says why.
    lock = await takeLock(file, MAKING_MS, signal).catch(() => undefined);
    refuseWhenAborted(signal);
  }
  if (lock === undefined) throw new TslxcError('BUSY', 'another command has made the same base for a day');
  try {
    return await work();
  } finally {
    lock.release();
  }
}
