// tslxc-templates as people read it: one line a template, beneath it only what there is to say.

import type { ExaminedTemplate } from '../../images/template-list.ts';

const TITLES = ['TEMPLATE', 'BASE', 'BUILDS'] as const;

/** Ours in a table, LXC's by name; what BASE means is said once. `width`: columns of the terminal. */
export function templatesText(templates: readonly ExaminedTemplate[], width: number): string {
  const ours = templates.filter(template => template.ours);
  const theirs = templates.filter(template => !template.ours);
  const parts = [
    ...(ours.length > 0 ? [table(ours)] : []),
    ...(ours.some(hasBase) ? [BASE_LEGEND] : []),
    ...(theirs.length > 0
      ? [
          `${LXC_LEGEND}\n${wrapped(
            theirs.map(one => one.name),
            width,
          )}`,
        ]
      : []),
  ];
  return parts.join('\n');
}

const BASE_LEGEND = 'BASE: made once and kept; further containers of the same options share it.\n';
const LXC_LEGEND = "LXC's own templates run whole each time:";

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
