// Which templates there are, what each says of itself at its head, and what this host lacks for it.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runProgram } from '../host/program.ts';
import { findTemplate, LXC_TEMPLATES, type Template, type TemplateSearch } from './template.ts';

/** What the comment at a template's head declares (templates/engine.sh). */
export interface TemplateHeader {
  /** Empty: it has none, and runs whole each time. */
  readonly phases: readonly string[];
  readonly builds: readonly string[];
  /** Releases that it knows by name, the default first; empty: it does not say. */
  readonly releases: readonly string[];
  readonly addresses: readonly TemplateAddress[];
}

/** A server that a template asks unless it is told another. */
export interface TemplateAddress {
  readonly url: string;
  /** False: whoever wrote the template could not reach it. */
  readonly verified: boolean;
}

/** A program or file that is not on this host, and the package that brings it. */
export interface Lack {
  readonly program: string;
  readonly package: string;
}

export interface ListedTemplate extends Template, TemplateHeader {
  /** The word that -t takes for it: its name, or its path where another has the name. */
  readonly name: string;
}

export interface ExaminedTemplate extends ListedTemplate {
  /** What this host lacks for it; undefined: nobody knows, it is not one of ours. */
  readonly lacks: readonly Lack[] | undefined;
  /** Why it could not say what it needs. */
  readonly problem?: string;
}

/** Every template that -t finds, ours first, each kind by name. */
export function listTemplates(search: TemplateSearch): ListedTemplate[] {
  return [...templatesIn(search.templates, 'tslxc-'), ...templatesIn(LXC_TEMPLATES, 'lxc-')].flatMap(path => {
    const short = basename(path).replace(/^(tsl|l)xc-/, '');
    const found = [short, path].map(word => ({ name: word, template: lookUp(word, search) }));
    const called = found.find(({ template }) => template?.path === path);
    if (called?.template === undefined) return [];
    return [{ name: called.name, ...called.template, ...readHeader(path) }];
  });
}

function templatesIn(directory: string, prefix: string): string[] {
  try {
    const names = readdirSync(directory).filter(name => name.startsWith(prefix) && !name.includes('.'));
    return names.sort().map(name => join(directory, name));
  } catch {
    return []; // LXC's templates need not be here
  }
}

function lookUp(word: string, search: TemplateSearch): Template | undefined {
  try {
    return findTemplate(word, search);
  } catch {
    return undefined; // not a program: a leftover of an editor, say
  }
}

function readHeader(path: string): TemplateHeader {
  try {
    return templateHeader(readFileSync(path, 'utf8'));
  } catch {
    return templateHeader('');
  }
}

/** The declarations in the comment lines that a template begins with. */
export function templateHeader(text: string): TemplateHeader {
  const lines = text.split('\n');
  const end = lines.findIndex(line => !line.startsWith('#'));
  const values = (key: string) =>
    lines
      .slice(0, end < 0 ? undefined : end)
      .filter(line => line.startsWith(`# ${key}: `))
      .map(line => line.slice(key.length + 4).trim());
  return {
    phases: values('phases').flatMap(words),
    builds: values('builds'),
    releases: values('releases').flatMap(words),
    addresses: values('address').map(address),
  };
}

function words(line: string): string[] {
  return line.split(/\s+/).filter(word => word !== '');
}

const UNVERIFIED = / \(not verified from here\)$/;

function address(line: string): TemplateAddress {
  return { url: line.replace(UNVERIFIED, ''), verified: !UNVERIFIED.test(line) };
}

/** Longer than any look at what is in PATH takes. */
const NEEDS_TIMEOUT_MS = 20_000;

/** Asks each of our templates, all at once, what this host lacks for it. */
export function examineTemplates(
  templates: readonly ListedTemplate[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExaminedTemplate[]> {
  return Promise.all(
    templates.map(async template => {
      if (!template.ours) return { ...template, lacks: undefined };
      const { exitCode, stdout, stderr } = await runProgram(template.path, ['--phase=needs'], {
        env,
        signal: AbortSignal.timeout(NEEDS_TIMEOUT_MS),
      });
      if (exitCode === 0) return { ...template, lacks: lacksOf(stdout) };
      const problem = stderr.trimEnd().split('\n').at(-1) || `exit status ${exitCode ?? 'unknown'}`;
      return { ...template, lacks: undefined, problem };
    }),
  );
}

/** `PROGRAM<tab>PACKAGE` a line. */
export function lacksOf(text: string): Lack[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const [program = '', name = ''] = line.split('\t');
      return { program, package: name };
    });
}
