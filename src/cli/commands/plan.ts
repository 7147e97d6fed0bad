import { EXIT } from '../../base/errors.ts';
import { planLaunch } from '../../runtime/plan-launch.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { DEFINE_OPTION, FORMAT_OPTION, RCFILE_OPTION } from '../options.ts';
import { formatOf, structured } from '../output/structured.ts';

export const command: Command = {
  name: 'plan',
  summary: 'Show what a start would do, op by op, and why',
  synopsis: '--name=NAME [-- COMMAND]',
  description:
    'Show every step that a start of NAME would take, with the config line or rule behind each; nothing is changed',
  nameFrom: 'option-or-positional',
  options: {
    rcfile: RCFILE_OPTION,
    define: DEFINE_OPTION,
    bare: { long: 'bare', summary: 'without the reasons, as golden files have it' },
    format: FORMAT_OPTION,
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const format = formatOf(args);
  const place = await placeFor(invocation, args);
  const words = [...args.positionals, ...(args.rest ?? [])];
  const plan = await planLaunch(
    place,
    { env: invocation.env, defines: args.lists['define'] ?? [], ...(words.length > 0 && { command: words }) },
    { foreground: false, dryRun: true },
  );
  const { annotatedPlanText, planText } = await import('../../plan/text.ts');
  if (format !== undefined) invocation.stdout.write(await structured(asData(plan), format));
  else invocation.stdout.write(args.flags['bare'] ? planText(plan) : annotatedPlanText(plan));
  return EXIT.ok;
}

function asData(plan: Awaited<ReturnType<typeof planLaunch>>) {
  const segments = plan.segments.map(({ actor, ops }) => ({
    actor,
    ops: ops.map(({ name, fields, origin }) => ({ name, fields: plain(fields), origin })),
  }));
  return { kind: plan.kind, notices: plan.notices, ignored: plan.ignored, segments };
}

/** Numbers that JSON lacks, and bytes, as text. */
function plain(fields: object): Record<string, unknown> {
  const readable = ([name, value]: [string, unknown]) => [
    name,
    typeof value === 'bigint'
      ? String(value)
      : value instanceof Uint8Array
        ? Buffer.from(value).toString('base64')
        : value,
  ];
  return Object.fromEntries(
    Object.entries(fields).map(readable as (entry: [string, unknown]) => [string, unknown]),
  );
}
