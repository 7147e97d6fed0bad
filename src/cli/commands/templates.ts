import { EXIT, TslxcError } from '../../base/errors.ts';
import { installation } from '../../host/installation.ts';
import { examineTemplates, listTemplates } from '../../images/template-list.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { FORMAT_OPTION } from '../options.ts';
import { formatOf, structured } from '../output/structured.ts';
import { templatesText } from '../output/templates-text.ts';

export const command: Command = {
  name: 'templates',
  summary: 'List templates: what each builds, and what this host lacks for it',
  synopsis: '[TEMPLATE...] [--format=FORMAT]',
  description:
    'List the templates that tslxc-create -t takes, or those that are named: what each builds, from which server,\nwhether it makes a base that containers share, and what this host lacks for it',
  nameFrom: 'none',
  options: { format: FORMAT_OPTION },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const format = formatOf(args);
  const { templates } = installation();
  const all = listTemplates({ flavour: invocation.flavour, templates });
  const wanted = [...args.positionals, ...(args.rest ?? [])];
  const unknown = wanted.find(word => !all.some(({ name }) => name === word));
  if (unknown !== undefined) {
    throw new TslxcError('TEMPLATE_UNKNOWN', `there is no template ${JSON.stringify(unknown)}`, {
      hint: 'tslxc-templates alone lists them all',
    });
  }
  const chosen = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const examined = await examineTemplates(chosen, invocation.env);
  if (format === undefined) invocation.stdout.write(templatesText(examined, invocation.columns));
  else invocation.stdout.write(await structured(examined.map(asData), format));
  return EXIT.ok;
}

/** What is not known is null, so that every template has every field. */
function asData({ lacks, problem, ...rest }: Awaited<ReturnType<typeof examineTemplates>>[number]) {
  return { ...rest, lacks: lacks ?? null, problem: problem ?? null };
}
