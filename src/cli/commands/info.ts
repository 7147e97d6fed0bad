import { machine } from 'node:os';
import { EXIT, TslxcError } from '../../base/errors.ts';
import type { ContainerConfig } from '../../config/model.ts';
import { readKey } from '../../config/print.ts';
import { isDefined, loadPlaceConfig } from '../../runtime/config.ts';
import { type ContainerInfo, containerInfo } from '../../runtime/info.ts';
import type { Place } from '../../runtime/place.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { infoText } from '../output/info-text.ts';
import { formatOf, structured } from '../output/structured.ts';

export const command: Command = {
  name: 'info',
  summary: 'Show what is known about a container',
  synopsis: '--name=NAME',
  description: 'Display some information about a container with the identifier NAME',
  nameFrom: 'option-or-positional',
  options: {
    config: {
      short: 'c',
      long: 'config',
      arg: 'KEY',
      repeat: true,
      summary: 'show configuration variable KEY',
      complete: 'key',
    },
    ips: { short: 'i', long: 'ips', summary: 'shows the IP addresses' },
    pid: { short: 'p', long: 'pid', summary: 'shows the process id of the init container' },
    stats: { short: 'S', long: 'stats', summary: 'shows usage stats' },
    raw: { short: 'H', long: 'no-humanize', summary: 'shows stats as raw numbers, not humanized' },
    state: { short: 's', long: 'state', summary: 'shows the state of the container' },
    format: FORMAT_OPTION,
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const format = formatOf(args);
  const place = await placeFor(invocation, args);
  const info = await containerInfo(place);
  if (!isDefined(place) && args.values['rcfile'] === undefined && info.state === 'STOPPED') {
    // LXC says it without its own name before it, and -q does not silence it.
    invocation.stderr.write(`${place.name} doesn't exist\n`);
    return EXIT.failed;
  }
  const keys = args.lists['config'] ?? [];
  const config =
    keys.length > 0 || args.values['rcfile'] !== undefined ? await configOf(place, args) : undefined;
  if (format !== undefined) {
    invocation.stdout.write(await structured(asData(info, keys, config), format));
    return EXIT.ok;
  }
  invocation.stdout.write(infoText(info, args.flags, keys.length));
  for (const key of keys) printKey(key, config as ContainerConfig, invocation, args);
  return EXIT.ok;
}

/** With --rcfile LXC has its own words for a file that does not load. */
async function configOf(place: Place, args: ParsedArguments): Promise<ContainerConfig> {
  try {
    return await loadPlaceConfig(place);
  } catch (cause) {
    if (args.values['rcfile'] === undefined || !(cause instanceof TslxcError)) throw cause;
    throw new TslxcError('RCFILE_UNREADABLE', `Failed to load rcfile: ${cause.message}`, { cause });
  }
}

/** `KEY = VALUE`; a list's values one a line with a blank line at the end; the bare value for one key with -H. */
function printKey(key: string, config: ContainerConfig, invocation: Invocation, args: ParsedArguments): void {
  const value = readKey(config, key, { machine: machine() });
  const isAlone =
    args.lists['config']?.length === 1 && !['ips', 'pid', 'stats', 'state'].some(flag => args.flags[flag]);
  if (value === undefined) invocation.stderr.write(`${key} invalid\n`);
  else if (args.flags['raw'] && isAlone) invocation.stdout.write(`${value}\n`);
  else invocation.stdout.write(`${key} =${value === '' ? '' : ` ${value}`}\n`);
}

function asData(info: ContainerInfo, keys: readonly string[], config: ContainerConfig | undefined) {
  const { statistics, initPid, monitorPid, links, ...rest } = info;
  const read = (key: string) =>
    config === undefined ? null : (readKey(config, key, { machine: machine() })?.trimEnd() ?? null);
  return {
    ...rest,
    pid: initPid ?? null,
    monitorPid: monitorPid ?? null,
    statistics: Object.fromEntries(Object.entries(statistics).map(([name, value]) => [name, Number(value)])),
    links: links.map(({ name, txBytes, rxBytes }) => ({
      name,
      txBytes: Number(txBytes),
      rxBytes: Number(rxBytes),
    })),
    ...(keys.length > 0 && { config: Object.fromEntries(keys.map(key => [key, read(key)])) }),
  };
}
