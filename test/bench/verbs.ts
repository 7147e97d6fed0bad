// Short verbs in a fresh process, beside a node that does nothing.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measured, repeated, run } from './measure.ts';
import type { World } from './world.ts';

const RUNS = 25;

export async function benchVerbs(world: World): Promise<Measured[]> {
  world.say('cold verbs');
  const { tslxc } = world;
  const name = tslxc.name('cold');
  await tslxc.ok('create', ['-n', name, '-t', 'busybox']);
  // Most hosts have no tslxc.yaml of their own.
  const noSettings = join(tslxc.directory, 'none.yaml');
  writeFileSync(noSettings, '');
  const env = { ...tslxc.env, TSLXC_SETTINGS: noSettings };
  const node = {
    what: 'node -e 0',
    values: await repeated(RUNS, () => run(process.execPath, ['-e', '0'], env)),
  };
  const cold = async (verb: string, args: readonly string[]): Promise<Measured> =>
    measured(
      { what: `tslxc-${[verb, ...args].join(' ')}`.replace(name, 'x'), bar: 90, peer: node },
      await repeated(RUNS, () => run(world.verb(verb), [...args, '-P', tslxc.lxcpath], env)),
    );
  const verbs = [await cold('info', ['-n', name]), await cold('ls', [])];
  await tslxc.ok('destroy', ['-n', name]);
  return verbs;
}
