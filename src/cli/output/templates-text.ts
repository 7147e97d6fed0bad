// tslxc-templates as people read it: one line a template, beneath it only what there is to say.

import { basename, isAbsolute } from 'node:path';
import { LXC_TEMPLATES } from '../../images/template.ts';
import type { ExaminedTemplate } from '../../images/template-list.ts';

const TITLES = ['TEMPLATE', 'BASE', 'BUILDS'] as const;

/** Ours in a table, LXC's by name; what BASE means is said once. `width`: columns of the terminal. */
export function templatesText(templates: readonly ExaminedTemplate[], width: number): string {
  const ours = templates.filter(template => template.ours);
  const theirs = templates.filter(template => !template.ours);
  const parts = [
    ...(ours.length > 0 ? [table(ours)] : []),
    ...(ours.some(hasBase) ? [BASE_LEGEND] : []),
    ...paragraph(
      "LXC's own templates run whole each time:",
      theirs.filter(one => !isPath(one)),
      width,
    ),
    ...paragraph(`Others of LXC's, by their path in ${LXC_TEMPLATES}:`, theirs.filter(isPath), width),
  ];
  return parts.join('\n');
}

const BASE_LEGEND = 'BASE: made once and kept; further containers of the same options share it.\n';

/** A name that one of ours has is not LXC's. */
function isPath({ name }: ExaminedTemplate): boolean {
  return isAbsolute(name);
}

function paragraph(title: string, templates: readonly ExaminedTemplate[], width: number): string[] {
  if (templates.length === 0) return [];
  const words = templates.map(({ name }) => basename(name));
  return [`${title}\n${wrapped(words, width)}`];
}

function table(templates: readonly ExaminedTemplate[]): string {
  const width = Math.max(...[TITLES[0], ...templates.map(({ name }) => name)].map(word => word.length));
  const line = (name: string, base: string, text: string) =>
    `${`${name.padEnd(width)}  ${base.padEnd(TITLES[1].length)}  ${text}`.trimEnd()}\n`;
  const blocks = templates.map(template => {
    const [first = '-', ...more] = details(template);
    const base = hasBase(template) ? 'yes' : 'no';
    return line(template.name, base, first) + more.map(text => line('', '', text)).join('');
  });
  return line(...TITLES) + blocks.join('');
}

function hasBase({ phases }: ExaminedTemplate): boolean {
  return phases.includes('base');
}

function details({ builds, addresses, lacks, problem }: ExaminedTemplate): string[] {
  const missing = lacks?.map(lack => lack.program) ?? [];
  const packages = [...new Set(lacks?.map(lack => lack.package))];
  return [
    builds.length > 0 ? builds.join('; ') : '-',
    ...addresses.map(({ url, verified }) => (verified ? url : `${url} (not verified from here)`)),
    ...(missing.length > 0 ? [`this host lacks ${missing.join(', ')}: install ${packages.join(' ')}`] : []),
    ...(problem === undefined ? [] : [`what it needs is not known: ${problem}`]),
  ];
}

/** Words two columns in, as many a line as fit. */
function wrapped(words: readonly string[], width: number): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length < width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return `${lines.join('\n')}\n`;
}
