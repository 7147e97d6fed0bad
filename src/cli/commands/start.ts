import { resolve } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import type { Log } from '../../host/log.ts';
import { type LaunchRequest, launch, launchInForeground } from '../../runtime/launch.ts';
import type { Command, Invocation, OptionSpec, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { DEFINE_OPTION, RCFILE_OPTION } from '../options.ts';
import { prefixName, report } from '../report.ts';
import { badArgument } from '../values.ts';

const SHARED = ['net', 'ipc', 'uts', 'pid'] as const;

export const command: Command = {
  name: 'start',
  summary: 'Start a container',
  synopsis: '--name=NAME [-- COMMAND]',
  description: 'Start COMMAND (by default its init) in specified container NAME',
  nameFrom: 'option-or-positional',
  options: {
    daemon: { short: 'd', long: 'daemon', summary: 'Daemonize the container (default)' },
    foreground: {
      short: 'F',
      long: 'foreground',
      summary: 'Start with the current tty attached to /dev/console',
    },
    pidfile: {
      short: 'p',
      long: 'pidfile',
      arg: 'FILE',
      summary: 'Create a file with the process id',
      complete: 'file',
    },
    rcfile: RCFILE_OPTION,
    console: {
      short: 'c',
      long: 'console',
      arg: 'FILE',
      summary: 'Use specified FILE for the container console',
      complete: 'file',
    },
    consoleLog: {
      short: 'L',
      long: 'console-log',
      arg: 'FILE',
      summary: 'Log container console output to FILE',
      complete: 'file',
    },
    closeAllFds: {
      short: 'C',
      long: 'close-all-fds',
      summary:
        'If any fds are inherited, close them\nNote: they always are; LXC leaves them open without this',
    },
    define: DEFINE_OPTION,
    ...Object.fromEntries(
      SHARED.map((kind): [string, OptionSpec] => [
        `share-${kind}`,
        {
          long: `share-${kind}`,
          arg: 'NAME',
          summary: `Share the ${kind} namespace of another container or pid`,
          complete: 'container',
        },
      ]),
    ),
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments, log: Log): Promise<number> {
  const place = await placeFor(invocation, args);
  const request = requestOf(invocation, args, log);
  try {
    if (isForeground(args)) return await launchInForeground(place, request);
    await launch(place, request);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof TslxcError)) throw error;
    if (error.code === 'ALREADY_RUNNING' || error.code === 'HELD_BY_LXC') {
      // LXC's exit status for this is 0.
      if (!args.flags['quiet'])
        invocation.stderr.write(`${invocation.program}: ${prefixName(error.message, place.name)}\n`);
      return EXIT.ok;
    }
    const status = report(error, invocation, args, log);
    if (invocation.flavour === 'lxc' && !args.flags['quiet']) tellAsLxc(error, invocation, args);
    return status;
  }
}

/** -d and -F undo each other: the last one counts. */
function isForeground({ flags }: ParsedArguments): boolean {
  return Object.keys(flags).findLast(flag => flag === 'foreground' || flag === 'daemon') === 'foreground';
}

/** What LXC's own lxc-start says of every start that fails, behind the cause that it does not say. */
function tellAsLxc(error: TslxcError, invocation: Invocation, args: ParsedArguments): void {
  if (error.code === 'NOT_DEFINED' || error.code === 'CONFIG_INVALID') return;
  const lines = [
    'The container failed to start',
    ...(args.flags['foreground'] ? [] : ['To get more details, run the container in foreground mode']),
    'Additional information can be obtained by setting the --logfile and --logpriority options',
  ];
  for (const line of lines) invocation.stderr.write(`${invocation.program}: ${args.name}: ${line}\n`);
}

function requestOf(invocation: Invocation, args: ParsedArguments, log: Log): LaunchRequest {
  const { values, lists } = args;
  const words = [...args.positionals, ...(args.rest ?? [])];
  const pidfile = values['pidfile'];
  return {
    env: invocation.env,
    defines: [...(lists['define'] ?? []), ...optionDefines(values, invocation.cwd)],
    onNotice: notice => {
      log.write('NOTICE', 'start', notice);
      if (!args.flags['quiet'] && invocation.flavour === 'tslxc')
        invocation.stderr.write(`${invocation.program}: ${args.name}: notice: ${notice}\n`);
    },
    onTiming: line => log.write('DEBUG', 'start', line),
    onHookLine: line => log.write('DEBUG', 'start', line),
    signal: invocation.signal,
    ...(words.length > 0 && { command: words }),
    ...(pidfile !== undefined && { pidfile: resolve(invocation.cwd, pidfile) }),
  };
}

/** Options that are words for a key. */
function optionDefines(values: Readonly<Record<string, string>>, cwd: string): string[] {
  const { console, consoleLog } = values;
  const defines: string[] = [];
  if (console !== undefined)
    defines.push(`lxc.console.path = ${console === 'none' ? console : resolve(cwd, console)}`);
  if (consoleLog !== undefined) defines.push(`lxc.console.logfile = ${resolve(cwd, consoleLog)}`);
  for (const kind of SHARED) {
    const from = values[`share-${kind}`];
    if (from === '') throw badArgument(`--share-${kind} wants the name of a container or a pid`);
    if (from !== undefined) defines.push(`lxc.namespace.share.${kind} = ${from}`);
  }
  return defines;
}
