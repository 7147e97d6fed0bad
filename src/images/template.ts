// Finds a template and calls it as LXC does (lxc-commands 4).

import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { hasControlCharacters } from '../base/container-names.ts';
import { TslxcError } from '../base/errors.ts';
import { closest } from '../base/spelling.ts';

/** Where LXC's packages keep theirs; they run under tslxc as well. */
export const LXC_TEMPLATES = '/usr/share/lxc/templates';

export interface TemplateSearch {
  readonly flavour: 'tslxc' | 'lxc';
  /** tslxc's own templates. */
  readonly templates: string;
}

export interface Template {
  readonly path: string;
  /** Ours print plain lines and ask nothing; LXC's may prompt on a terminal. */
  readonly ours: boolean;
  /** Whether it can make a base apart from what is one container's own: it has a line `# phases: base personalize`. */
  readonly twoPhases: boolean;
  /** Its sources are on this host, and looked at for each create: it has a line `# look: always`, or `# look: always for WORD…`. */
  readonly alwaysLooks?: readonly string[];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The template NAME or absolute path. `tslxc-*` callers get ours first, `lxc-*` callers LXC's own.
 * Throws TEMPLATE_UNKNOWN.
 */
export function findTemplate(word: string, search: TemplateSearch): Template {
  if (hasControlCharacters(word) || word === '') {
    throw new TslxcError('TEMPLATE_UNKNOWN', `${JSON.stringify(word)} is not a template`);
  }
  if (isAbsolute(word)) {
    if (isProgram(word)) return describe(word, false);
    throw new TslxcError('TEMPLATE_UNKNOWN', `template ${word} is not an executable file`);
  }
  const ours = join(search.templates, `tslxc-${word}`);
  const theirs = join(LXC_TEMPLATES, `lxc-${word}`);
  const places = search.flavour === 'lxc' ? [theirs, ours] : [ours, theirs];
  const found = word.includes('/') ? undefined : places.find(isProgram);
  if (found !== undefined) return describe(found, found === ours);
  throw new TslxcError('TEMPLATE_UNKNOWN', `there is no template ${word}`, {
    hint: `${didYouMean(word, [search.templates, LXC_TEMPLATES])}tslxc-templates lists those that there are`,
  });
}

function didYouMean(word: string, directories: readonly string[]): string {
  const names = directories.filter(existsSync).flatMap(directory => readdirSync(directory));
  const near = closest(
    word,
    names.filter(name => /^(tsl|l)xc-/.test(name)).map(name => name.replace(/^(tsl|l)xc-/, '')),
  );
  return near === undefined ? '' : `did you mean ${near}? `;
}

/** Enough for the comments at a template's beginning. */
const HEADER_CHARACTERS = 4096;

function describe(path: string, ours: boolean): Template {
  const header = readFileSync(path, 'latin1').slice(0, HEADER_CHARACTERS);
  const twoPhases = /^# phases: base personalize$/m.test(header);
  const [looks, words] = /^# look: always(?: for (.+))?$/m.exec(header) ?? [];
  const alwaysLooks = words?.split(' ') ?? [];
  return { path, ours, twoPhases, ...(looks !== undefined && { alwaysLooks }) };
}

/** Whether a base of these arguments is compared with its source for each create. */
export function looksAlways({ alwaysLooks }: Template, templateArguments: readonly string[]): boolean {
  if (alwaysLooks === undefined || alwaysLooks.length === 0) return alwaysLooks !== undefined;
  return templateArguments.some(argument => alwaysLooks.some(word => argument.includes(word)));
}

/** The words that a template is called with, after its path. */
export function templateArguments(
  container: { readonly path: string; readonly name: string; readonly rootfs: string },
  userArguments: readonly string[],
): string[] {
  return [
    `--path=${container.path}`,
    `--name=${container.name}`,
    `--rootfs=${container.rootfs}`,
    ...userArguments,
  ];
}
