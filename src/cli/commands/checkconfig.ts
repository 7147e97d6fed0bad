import { EXIT } from '../../base/errors.ts';
import { type Check, type CheckReport, checkHost } from '../../runtime/checkconfig.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { FORMAT_OPTION } from '../options.ts';
import { painter } from '../output/colour.ts';
import { formatOf, structured } from '../output/structured.ts';
import { versionOf } from '../version.ts';

export const command: Command = {
  name: 'checkconfig',
  summary: 'Check what the kernel offers to containers',
  synopsis: '',
  description:
    'Check the kernel for what containers need. The environment may name the config of another kernel: CONFIG=/path',
  nameFrom: 'none',
  options: { format: FORMAT_OPTION },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const format = formatOf(args);
  const report = checkHost(invocation.env);
  if (format !== undefined) invocation.stdout.write(await structured(asData(report), format));
  else invocation.stdout.write(reportText(report, invocation));
  return EXIT.ok;
}

function reportText(report: CheckReport, invocation: Invocation): string {
  const paint = painter(invocation.isTTY.stdout, invocation.env);
  const tones = { enabled: 'good', required: 'bad', missing: 'warning' } as const;
  const line = (entry: Check | string): string => {
    if (typeof entry === 'string') return entry;
    const loaded = entry.loaded === undefined ? '' : entry.loaded ? ', loaded' : ', not loaded';
    return `${entry.label}: ${paint(tones[entry.result], entry.result)}${loaded}`;
  };
  const name = invocation.flavour === 'lxc' ? 'LXC' : 'tslxc';
  return [
    `${name} version ${versionOf(invocation.flavour)}`,
    ...report.notes,
    ...report.sections.flatMap(({ title, lines }) => ['', `--- ${title} ---`, ...lines.map(line)]),
    '',
    'Note : Before booting a new kernel, you can check its configuration',
    `usage : CONFIG=/path/to/config ${invocation.program}`,
    '',
    '',
  ].join('\n');
}

function asData({ sections }: CheckReport) {
  return Object.fromEntries(
    sections.map(({ title, lines }) => [
      title,
      Object.fromEntries(
        lines.filter(line => typeof line !== 'string').map(({ label, result }) => [label, result]),
      ),
    ]),
  );
}
