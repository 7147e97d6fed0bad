import { resolve } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import type { Settings } from '../../config/settings.ts';
import { installation } from '../../host/installation.ts';
import type { Log } from '../../host/log.ts';
import { exportBase } from '../../images/bases/export.ts';
import { basesNamed, type KeptBase, keptBases, pruneBases, refreshBase } from '../../images/bases/keep.ts';
import type { CreateEvent } from '../../images/events.ts';
import { withoutPassword } from '../../images/shown-arguments.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { createDisplay } from '../output/create-display.ts';
import { imagesTable, usersTable } from '../output/images-text.ts';
import { formatOf, structured } from '../output/structured.ts';
import { badArgument } from '../values.ts';

export const command: Command = {
  name: 'images',
  summary: 'List the base images that containers share, and renew, remove or export them',
  synopsis: '[list | users [BASE...] | refresh [BASE...] | prune [BASE...] | export BASE FILE]',
  description:
    'A base is made by the first tslxc-create of a template with its options, and kept for the next.\n' +
    'BASE is the beginning of its id, a template or a distribution.\n' +
    'list shows all bases; users the containers that are made of them; refresh asks their mirrors for what they have now;\n' +
    'prune removes those that no container needs; export writes one to FILE (.tar, .tar.gz, .tar.xz, .tar.zst), which\n' +
    'tslxc-create -t local -- --fstree=FILE takes',
  nameFrom: 'none',
  options: {
    'dry-run': { long: 'dry-run', summary: 'prune: say what would be removed' },
    format: FORMAT_OPTION,
  },
  run,
};

interface Call {
  readonly invocation: Invocation;
  readonly args: ParsedArguments;
  readonly settings: Settings;
  readonly log: Log;
  /** What follows the word. */
  readonly words: readonly string[];
}

const VERBS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  list,
  users,
  refresh,
  prune,
  export: exportOne,
};

async function run(invocation: Invocation, args: ParsedArguments, log: Log): Promise<number> {
  const [word = 'list', ...words] = [...args.positionals, ...(args.rest ?? [])];
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (!verb)
    throw badArgument(`unknown word ${JSON.stringify(word)}`, `use one of ${Object.keys(VERBS).join(', ')}`);
  if (invocation.uid !== 0) {
    throw new TslxcError('NEEDS_ROOT', 'bases belong to root', { hint: 'run it with sudo' });
  }
  return verb({ invocation, args, settings: await settingsFor(invocation), log, words });
}

async function list({ invocation, args, settings, words }: Call): Promise<number> {
  const bases = words.length === 0 ? keptBases(settings) : basesNamed(settings, words);
  return show(invocation, args, bases, imagesTable);
}

async function users({ invocation, args, settings, words }: Call): Promise<number> {
  const bases = words.length === 0 ? keptBases(settings) : basesNamed(settings, words);
  return show(invocation, args, bases, usersTable);
}

async function show(
  { stdout }: Invocation,
  args: ParsedArguments,
  bases: readonly KeptBase[],
  text: (bases: readonly KeptBase[]) => string,
): Promise<number> {
  const format = formatOf(args);
  stdout.write(format === undefined ? text(bases) : await structured(bases.map(asData), format));
  return EXIT.ok;
}

/** What is not known is null, so that every base has every field; of its users what names them. */
function asData({ users: all, checked, ...base }: KeptBase) {
  return {
    ...base,
    arguments: withoutPassword(base.arguments),
    checked: checked ?? null,
    users: all.map(({ lxcpath, name, id }) => ({ lxcpath, name, id })),
  };
}

/** Each is asked for; one that fails does not keep the others from it. */
async function refresh({ invocation, args, settings, log, words }: Call): Promise<number> {
  const { program, stdout, stderr, env, cwd, signal } = invocation;
  const all = words.length === 0 ? keptBases(settings) : basesNamed(settings, words);
  const output = args.flags['quiet'] ? 'ignore' : 'lines';
  let status: number = EXIT.ok;
  for (const base of all.filter(({ checked }) => checked !== undefined)) {
    const display = createDisplay(invocation, args, { log, shared: false });
    const onEvent = (event: CreateEvent) => display.event(base.template, event);
    try {
      const caller = { env, cwd, signal, output, onEvent } as const;
      const now = await refreshBase({ ...settings, ...installation() }, base, caller);
      display.end();
      if (now.id !== base.id) stdout.write(`${shortId(base)} is now ${shortId(now)}\n`);
    } catch (error) {
      if (!(error instanceof TslxcError) || error.code === 'INTERRUPTED') throw error;
      display.failed(error, base.template);
      stderr.write(`${program}: ${base.template} ${base.release}: ${error.message}\n`);
      status = EXIT.failed;
    } finally {
      display.end();
    }
  }
  return status;
}

async function prune({ invocation, args, settings, words }: Call): Promise<number> {
  const bases = words.length === 0 ? keptBases(settings) : basesNamed(settings, words);
  const { removed, inUse } = await pruneBases(settings, bases, args.flags['dry-run'] ?? false);
  for (const base of removed) {
    invocation.stdout.write(`${shortId(base)} ${base.distribution} ${base.release}\n`);
  }
  // Only who named one is told that it stays.
  if (words.length === 0 || inUse.length === 0) return EXIT.ok;
  const [first] = inUse;
  const user = first?.users[0];
  throw new TslxcError(
    'IN_USE',
    `${first && shortId(first)} stays: ${user?.name ?? 'a container'} is made of it`,
    {
      hint: 'tslxc-images users shows all that are',
    },
  );
}

async function exportOne({ invocation, settings, words }: Call): Promise<number> {
  const [word, file, more] = words;
  if (word === undefined || file === undefined || more !== undefined) {
    throw badArgument('export takes a base and a file', 'tslxc-images export debian debian.tar.zst');
  }
  const [base, other] = basesNamed(settings, [word]);
  if (base === undefined || other !== undefined)
    throw badArgument(`${word} names more than one base`, 'give the beginning of an id');
  await exportBase(settings, base, resolve(invocation.cwd, file));
  return EXIT.ok;
}

const shortId = ({ id }: { readonly id: string }): string => id.slice(0, 12);
