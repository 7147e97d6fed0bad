// One run of one verb: command line → help, version or the verb → exit status.

import { EXIT, TslxcError } from '../base/errors.ts';
import type { Log } from '../host/log.ts';
import type { Command, Invocation, ParsedArguments } from './command.ts';
import { type CommandLine, getopt, type Taken, UsageError } from './getopt.ts';
import { allOptions } from './options.ts';
import { report } from './report.ts';

/** Runs the verb and returns its exit status; every failure has been told on stderr by then. */
export async function runCommand(command: Command, invocation: Invocation): Promise<number> {
  let line: CommandLine;
  try {
    line = getopt(invocation.argv, allOptions(command), {
      posixlyCorrect: invocation.env['POSIXLY_CORRECT'] !== undefined,
      stopAt: isAnswer,
    });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    invocation.stderr.write(`${invocation.program}: ${error.message}\n`);
    await printHelp(command, invocation);
    return EXIT.failed;
  }
  const answer = line.taken.find(isAnswer);
  if (answer) return await giveAnswer(answer, command, invocation, line);
  const args = parsedArguments(command, line);
  const complaint = commonComplaint(command, line, args);
  // A verb that asks may ask for the name as well.
  if (complaint === undefined || complaint === NO_NAME) {
    const words = await wordsAskedFor(command, invocation, args);
    if (typeof words === 'number') return words;
    if (words !== undefined) {
      return await runCommand(command, Object.create(invocation, { argv: { value: words } }));
    }
  }
  if (complaint !== undefined) {
    invocation.stderr.write(
      complaint.startsWith('This') ? `${complaint}\n` : `${invocation.program}: ${complaint}\n`,
    );
    return EXIT.failed;
  }
  return await runParsed(command, invocation, args);
}

/** The command line that a dialogue made; its exit status where it ended without one. */
async function wordsAskedFor(
  command: Command,
  invocation: Invocation,
  args: ParsedArguments,
): Promise<readonly string[] | number | undefined> {
  try {
    return await command.ask?.(invocation, args);
  } catch (error) {
    return await told(error, invocation, args);
  }
}

async function runParsed(command: Command, invocation: Invocation, args: ParsedArguments): Promise<number> {
  let log: Log | undefined;
  try {
    const { openLog } = await import('./logging.ts');
    log = openLog(invocation, args);
    return await command.run(invocation, args, log);
  } catch (error) {
    return await told(error, invocation, args, log);
  } finally {
    log?.close();
  }
}

/** Tells a failure; returns the exit status that goes with it. Throws what is a fault of ours. */
async function told(
  error: unknown,
  invocation: Invocation,
  args: ParsedArguments,
  log?: Log,
): Promise<number> {
  const interrupted = INTERRUPTED[String(error)];
  if (interrupted !== undefined) return interrupted;
  const failure = error instanceof TslxcError ? error : await hostFailure(error);
  if (failure === undefined) throw error;
  return report(failure, invocation, args, log);
}

/** What a verb throws when `Invocation.signal` aborts it, and the status that a shell shows for that signal. */
const INTERRUPTED: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** What the host refuses is no fault of ours: it is told in one line, not with a stack. */
async function hostFailure(error: unknown): Promise<TslxcError | undefined> {
  const { hostRefusal } = await import('../base/errno.ts');
  return hostRefusal(error);
}

/** --help, --usage and --version are obeyed where they stand, whatever follows. */
function isAnswer(taken: Taken): boolean {
  return taken.key === 'help' || taken.key === 'usage' || taken.key === 'version';
}

async function giveAnswer(
  answer: Taken,
  command: Command,
  invocation: Invocation,
  line: CommandLine,
): Promise<number> {
  if (answer.key === 'version') {
    const { versionOf } = await import('./version.ts');
    invocation.stdout.write(`${versionOf(invocation.flavour)}\n`);
    return EXIT.ok;
  }
  if (answer.key === 'usage') {
    const { usage } = await import('./usage.ts');
    invocation.stderr.write(usage(command, invocation.program));
    return EXIT.ok;
  }
  await printHelp(command, invocation);
  await command.moreHelp?.(invocation, parsedArguments(command, line).values);
  return answer.as === '-?' ? EXIT.failed : EXIT.ok;
}

async function printHelp(command: Command, invocation: Invocation): Promise<void> {
  const { help } = await import('./usage.ts');
  invocation.stderr.write(help(command, invocation.program));
}

function parsedArguments(command: Command, line: CommandLine): ParsedArguments {
  const options = allOptions(command);
  const flags: Record<string, boolean> = {};
  const values: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  for (const { key, value } of line.taken) {
    if (value === undefined) setLast(flags, key);
    else if (options[key]?.repeat) lists[key] = [...(lists[key] ?? []), value];
    else values[key] = value;
  }
  const positionals = [...line.positionals];
  const rest = line.rest === undefined ? undefined : [...line.rest];
  let name = command.nameFrom === 'none' ? '' : (values['name'] ?? '');
  // The first word that is no option is the name; LXC takes it from behind `--` too.
  if (name === '' && command.nameFrom === 'option-or-positional' && !command.hasNoName?.(values))
    name = (positionals.length > 0 ? positionals : rest)?.shift() ?? '';
  if (values['lxcpath'] !== undefined) values['lxcpath'] = values['lxcpath'].replace(/(?<=.)\/+$/, '');
  return { name, flags, values, lists, positionals, rest };
}

/** Of options that undo each other the last one counts, so flags stand in the order in which they were last said. */
function setLast(flags: Record<string, boolean>, key: string): void {
  Reflect.deleteProperty(flags, key);
  flags[key] = true;
}

const NO_NAME = 'No container name specified';

/** What is wrong with the common options, in LXC's words. */
function commonComplaint(command: Command, line: CommandLine, args: ParsedArguments): string | undefined {
  if (line.taken.filter(({ key }) => key === 'lxcpath').length > 1)
    return 'This command only accepts 1 -P,--lxcpath arguments';
  const isNamed = command.nameFrom !== 'option-or-positional' || command.hasNoName?.(args.values);
  if (!isNamed && args.name === '') return NO_NAME;
  return undefined;
}
