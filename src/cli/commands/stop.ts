import { stop } from '../../runtime/lifecycle.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { badArgument, secondsOption } from '../values.ts';

export const command: Command = {
  name: 'stop',
  summary: 'Stop, kill or reboot a container',
  synopsis: '--name=NAME',
  description: 'Stop the container with the identifier NAME',
  nameFrom: 'option-or-positional',
  options: {
    reboot: { short: 'r', long: 'reboot', summary: 'reboot the container' },
    nowait: { short: 'W', long: 'nowait', summary: "don't wait for shutdown or reboot to complete" },
    timeout: {
      short: 't',
      long: 'timeout',
      arg: 'T',
      summary: 'wait T seconds before hard-stopping (-1: for ever)',
    },
    kill: { short: 'k', long: 'kill', summary: 'kill container rather than request clean shutdown' },
    nolock: { long: 'nolock', summary: 'Avoid using API locks; only with --kill' },
    nokill: { long: 'nokill', summary: "Only request clean shutdown, don't force kill after timeout" },
  },
  run,
};

const DEFAULT_TIMEOUT_MS = 60_000;

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const { flags, values } = args;
  checkConflicts(args);
  const said =
    values['timeout'] === undefined ? DEFAULT_TIMEOUT_MS : secondsOption('--timeout', values['timeout']);
  const timeoutMs = flags['nowait'] ? 0 : said;
  const place = await placeFor(invocation, args);
  await stop(place, {
    how: flags['kill'] ? 'kill' : flags['reboot'] ? 'reboot' : 'halt',
    nokill: flags['nokill'] ?? false,
    signal: invocation.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return 0;
}

/** Words that exclude each other (lxc-commands 3.18). */
function checkConflicts({ flags, values }: ParsedArguments): void {
  if (flags['kill'] && flags['nokill']) throw badArgument("-k can't be used with --nokill");
  if (flags['kill'] && flags['reboot']) throw badArgument("-k can't be used with -r");
  if (flags['kill'] && values['timeout'] !== undefined) throw badArgument("-k doesn't allow timeouts");
  if (flags['nolock'] && !flags['kill']) throw badArgument('--nolock may only be used with -k');
}
