import { EXIT } from '../../base/errors.ts';
import { readSystemKey, systemKeys } from '../../config/lxc-conf.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { formatOf, structured } from '../output/structured.ts';

export const command: Command = {
  name: 'config',
  summary: "Print tslxc's own configuration items",
  synopsis: '-l | ITEM',
  description: 'Print the value of a configuration item, or list all items',
  nameFrom: 'none',
  options: {
    list: { short: 'l', long: 'list', summary: 'list all available configuration items' },
    format: FORMAT_OPTION,
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const { stdout, program } = invocation;
  const format = formatOf(args);
  const key = args.positionals[0] ?? args.rest?.[0];
  const { system } = await settingsFor(invocation);
  if (format !== undefined) {
    const keys =
      args.flags['list'] || key === undefined ? systemKeys() : [readSystemKey(system, key)?.key ?? key];
    const items = Object.fromEntries(keys.map(name => [name, readSystemKey(system, name)?.value ?? null]));
    stdout.write(await structured(items, format));
    return EXIT.ok;
  }
  if (args.flags['list']) stdout.write(`${systemKeys().join('\n')}\n`);
  else if (key === undefined) {
    stdout.write(
      `Usage: ${program} -l: list all available configuration items\n       ${program} item: print configuration item\n`,
    );
  } else {
    const found = readSystemKey(system, key);
    stdout.write(
      found ? `${found.value ?? `${found.key} is not set.`}\n` : `Unknown configuration item: ${key}\n`,
    );
    if (!found) return EXIT.failed;
  }
  return EXIT.ok;
}
