import { EXIT } from '../../base/errors.ts';
import { unmountTree } from '../../runtime/mount.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';

export const command: Command = {
  name: 'umount',
  summary: 'End what tslxc-mount began',
  synopsis: '--name=NAME',
  description:
    'Unmount the tree of the container NAME that tslxc-mount shows on the host, so that it can start again',
  nameFrom: 'option-or-positional',
  options: {},
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const place = await placeFor(invocation, args);
  if (!(await unmountTree(place)) && !args.flags['quiet'])
    invocation.stderr.write(`${invocation.program}: ${place.name}: nothing of it is mounted\n`);
  return EXIT.ok;
}
