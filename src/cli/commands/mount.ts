import { EXIT } from '../../base/errors.ts';
import { mountTree } from '../../runtime/mount.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';

export const command: Command = {
  name: 'mount',
  summary: "Show a stopped container's tree on the host",
  synopsis: '--name=NAME',
  description:
    'Show the tree of the stopped container NAME at LXCPATH/NAME/rootfs, and print that path:\n' +
    'chroot "$(tslxc-mount NAME)" passwd\n' +
    'The container starts again after tslxc-umount NAME',
  nameFrom: 'option-or-positional',
  options: {},
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const place = await placeFor(invocation, args);
  const { path, how, rootUid } = await mountTree(place);
  const say = (text: string) => {
    if (!args.flags['quiet']) invocation.stderr.write(`${invocation.program}: ${place.name}: ${text}\n`);
  };
  if (how === 'directory') say('its tree is a directory: nothing needs to be mounted');
  if (rootUid !== 0) {
    say(
      `ids on its disk are shifted: its root is ${rootUid} there, and what root of this host makes is nobody's in it`,
    );
  }
  invocation.stdout.write(`${path}\n`);
  return EXIT.ok;
}
