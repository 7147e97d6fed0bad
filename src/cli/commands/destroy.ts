import { EXIT } from '../../base/errors.ts';
import { destroy } from '../../runtime/destroy.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';

export const command: Command = {
  name: 'destroy',
  summary: 'Remove a container and its storage',
  synopsis: '--name=NAME [-f] [-P lxcpath]',
  description: 'Destroy the container with the identifier NAME',
  nameFrom: 'option-or-positional',
  options: {
    snapshots: { short: 's', long: 'snapshots', summary: 'destroy including all snapshots' },
    force: { short: 'f', long: 'force', summary: "stop and destroy the container if it's still running" },
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const place = await placeFor(invocation, args);
  await destroy(place, {
    force: args.flags['force'] ?? false,
    snapshots: args.flags['snapshots'] ?? false,
    env: invocation.env,
  });
  return EXIT.ok;
}
