// Looks at this host, and asks templates what they offer: what the questions are made of.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { runProgram } from '../../host/program.ts';
import { examineTemplates, type ListedTemplate } from '../template-list.ts';
import type { Known, Offer } from './known.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface GatherInput {
  readonly templates: readonly ListedTemplate[];
  readonly lxcpath: string;
  readonly defaultBridge: string;
  readonly env: Env;
}

/** What this host has; nothing is asked of any server. */
export async function gather({ templates, lxcpath, defaultBridge, env }: GatherInput): Promise<Known> {
  return {
    templates: await examineTemplates(templates, env),
    offers: {},
    taken: entries(lxcpath).filter(name => !name.startsWith('.')),
    defaultBridge,
    bridges: entries(NET).filter(link => link !== defaultBridge && existsSync(join(NET, link, 'bridge'))),
    sshKeys: sshKeysIn(join(env['HOME'] ?? '/', '.ssh')),
    arches: ARCH_WORDS[process.arch] ?? [process.arch],
  };
}

const NET = '/sys/class/net';

/** By Node's word: Debian's, then the kernel's. */
const ARCH_WORDS: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', 'x86_64'],
  arm64: ['arm64', 'aarch64'],
  arm: ['armhf', 'armv7l'],
  ia32: ['i386', 'i686', 'x86'],
  ppc64: ['ppc64el', 'ppc64le'],
};

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // the first container makes the lxcpath
  }
}

function sshKeysIn(directory: string): string[] {
  return entries(directory)
    .filter(name => /^id_\w+\.pub$/.test(name))
    .map(name => join(directory, name));
}

/** Asks a template's mirror what there is now. Throws TEMPLATE_FAILED with the template's own words. */
export async function lookAtOffers(
  template: ListedTemplate,
  words: readonly string[],
  { env, signal }: { readonly env: Env; readonly signal: AbortSignal },
): Promise<Offer[]> {
  const lines: string[] = [];
  const { exitCode, stderr } = await runProgram(template.path, ['--phase=offers', ...words], {
    env,
    signal,
    onLine: (stream, line) => stream === 'stdout' && lines.push(line),
  });
  if (exitCode === 0) return offersOf(lines);
  const cause =
    stderr
      .trimEnd()
      .split('\n')
      .at(-1)
      ?.replace(/^tslxc-[a-z]+: /, '') ?? '';
  throw new TslxcError('TEMPLATE_FAILED', cause || `${template.path} could not say what it offers`);
}

/** `RELEASE ARCH [DISTRIBUTION [VARIANT]]` a line; what is no such line is not for us. */
export function offersOf(lines: readonly string[]): Offer[] {
  return lines.flatMap(line => {
    const [release, arch, distribution, variant, ...more] = line.trim().split(/\s+/);
    if (!release || !arch || more.length > 0) return [];
    return [{ release, arch, ...(distribution && { distribution }), ...(variant && { variant }) }];
  });
}
