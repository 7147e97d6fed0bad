import { EXIT } from '../../base/errors.ts';
import type { ListedContainer } from '../../runtime/list.ts';
import { containerNames, describeContainers } from '../../runtime/list.ts';
import { HostView } from '../../runtime/state.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { lxcpathFor, settingsFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { LS_COLUMNS, type LsColumn, leastWidth } from '../output/ls-columns.ts';
import { formatOf, structured } from '../output/structured.ts';
import { columns, table } from '../output/table.ts';
import { badArgument } from '../values.ts';

export const command: Command = {
  name: 'ls',
  summary: 'List containers',
  synopsis: '[-1|-f] [-P lxcpath] [--active] [--running] [--frozen] [--stopped] [-g groups] [--filter regex]',
  description: 'List containers',
  nameFrom: 'none',
  options: {
    line: { short: '1', long: 'line', summary: 'show one entry per line' },
    fancy: { short: 'f', long: 'fancy', summary: 'use a fancy, column-based output' },
    fancyFormat: {
      short: 'F',
      long: 'fancy-format',
      arg: 'COLUMNS',
      summary: `comma separated list of columns to show in the fancy output\nvalid columns are: NAME, STATE, PID, RAM, SWAP, AUTOSTART,\nGROUPS, INTERFACE, IPV4 and IPV6, UNPRIVILEGED`,
    },
    active: { long: 'active', summary: 'list only active containers' },
    running: { long: 'running', summary: 'list only running containers' },
    frozen: { long: 'frozen', summary: 'list only frozen containers' },
    stopped: { long: 'stopped', summary: 'list only stopped containers' },
    defined: { long: 'defined', summary: 'list only defined containers' },
    nesting: {
      long: 'nesting',
      arg: '[NUM]',
      summary: 'list nested containers up to NUM (default is 5) levels of nesting',
    },
    filter: { long: 'filter', arg: 'REGEX', summary: 'filter container names by regular expression' },
    groups: {
      short: 'g',
      long: 'groups',
      arg: 'GROUPS',
      summary: 'comma separated list of groups a container must have to be displayed',
    },
    format: FORMAT_OPTION,
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  if (args.values['nesting'] !== undefined) {
    throw badArgument(
      '--nesting is not offered yet: containers inside containers are not looked at',
      'list them from inside, with tslxc-attach',
    );
  }
  const format = formatOf(args);
  const settings = await settingsFor(invocation);
  const lxcpath = lxcpathFor(invocation, args, settings);
  const view = new HostView();
  const names = containerNames(lxcpath, view).filter(nameFilter(args));
  const isBare =
    !args.flags['fancy'] && format === undefined && !STATE_FILTERS.some(flag => args.flags[flag]);
  if (isBare && args.values['groups'] === undefined) return printNames(names, invocation, args);
  const isCounted = format !== undefined || wantedColumns(args).some(word => COUNTED_COLUMNS.has(word));
  const all = await describeContainers(settings, lxcpath, names, view, isCounted);
  const shown = all.filter(container => isWanted(container, args));
  if (format !== undefined) invocation.stdout.write(await structured(shown.map(asData), format));
  else if (args.flags['fancy']) printTable(shown, invocation, args);
  else
    printNames(
      shown.map(({ name }) => name),
      invocation,
      args,
    );
  return EXIT.ok;
}

const STATE_FILTERS = ['active', 'running', 'frozen', 'stopped', 'defined'] as const;

/** --filter and the first word are the same: an extended regular expression, found anywhere in the name. */
function nameFilter(args: ParsedArguments): (name: string) => boolean {
  const expression = args.values['filter'] ?? args.positionals[0] ?? args.rest?.[0];
  if (expression === undefined) return () => true;
  try {
    const regex = new RegExp(expression);
    return name => regex.test(name);
  } catch {
    // LXC lists nothing and says nothing.
    return () => false;
  }
}

function isWanted(container: ListedContainer, { flags, values }: ParsedArguments): boolean {
  const isFrozen = container.state === 'FROZEN';
  const isRunning = container.state !== 'STOPPED';
  if ((flags['active'] || flags['running']) && !isRunning) return false;
  if (flags['frozen'] && !isFrozen) return false;
  if (flags['stopped'] && isRunning) return false;
  if (flags['defined'] && !container.defined) return false;
  const groups = values['groups']?.split(',').filter(group => group !== '') ?? [];
  return groups.every(group => container.groups.includes(group));
}

function printNames(names: readonly string[], invocation: Invocation, args: ParsedArguments): number {
  if (names.length === 0) return EXIT.ok;
  if (!args.flags['line'] && invocation.isTTY.stdout) {
    invocation.stdout.write(columns(names, invocation.columns));
    return EXIT.ok;
  }
  // LXC pads names in a pipe too, unless it is told -1; scripts that cut columns know it.
  const isPadded = invocation.flavour === 'lxc' && !args.flags['line'];
  const width = isPadded ? Math.max(...names.map(name => name.length)) : 0;
  invocation.stdout.write(names.map(name => `${name.padEnd(width)}\n`).join(''));
  return EXIT.ok;
}

const COUNTED_COLUMNS: ReadonlySet<string> = new Set(['RAM', 'SWAP']);

function wantedColumns(args: ParsedArguments): string[] {
  const columns = args.values['fancyFormat'] ?? DEFAULT_COLUMNS;
  return columns.split(',').map(word => word.trim().toUpperCase());
}

const DEFAULT_COLUMNS = 'NAME,STATE,AUTOSTART,GROUPS,IPV4,IPV6,UNPRIVILEGED';

function printTable(shown: readonly ListedContainer[], invocation: Invocation, args: ParsedArguments): void {
  const wanted = wantedColumns(args);
  const bad = wanted.find(word => !Object.hasOwn(LS_COLUMNS, word));
  if (bad !== undefined) {
    // LXC's exit status for this is 0.
    invocation.stderr.write(`Invalid key: ${bad}\n`);
    return;
  }
  if (shown.length === 0) return;
  const rows = shown.map(container => wanted.map(word => LS_COLUMNS[word as LsColumn](container) || '-'));
  invocation.stdout.write(table(wanted, rows, leastWidth));
}

function asData(container: ListedContainer) {
  const { statistics, initPid, monitorPid: _, heldByLxc, ...rest } = container;
  const counters = Object.entries(statistics).map(([name, value]) => [name, Number(value)]);
  return {
    ...rest,
    pid: initPid ?? null,
    ...(heldByLxc && { heldByLxc }),
    statistics: Object.fromEntries(counters),
  };
}
