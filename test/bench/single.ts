// One container: started, entered.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/settings.ts';
import { collectHostFacts } from '../../src/facts/host.ts';
import type { GuestFacts } from '../../src/facts/model.ts';
import { bootId } from '../../src/host/procfs.ts';
import { compileLaunch } from '../../src/plan/launch.ts';
import { loadPlaceConfig } from '../../src/runtime/config.ts';
import { placeOf } from '../../src/runtime/place.ts';
import { type About, type Measured, measured, repeated, run, settled } from './measure.ts';
import type { World } from './world.ts';

const STARTS = 15;
const ATTACHES = 15;
const COMPILES = 200;

export async function benchOne(world: World): Promise<Measured[]> {
  const name = world.tslxc.name('one');
  const peer = world.lxc?.name('one') ?? '';
  await world.tslxc.ok('create', ['-n', name, '-t', 'busybox']);
  await world.lxc?.create(peer);
  const started = await starts(world, name, peer);
  const warm = await warmCompiles(world, name);
  const attached = await attaches(world, name, peer);
  await world.tslxc.ok('destroy', ['-n', name]);
  await world.lxc?.destroy(peer);
  return [...started, warm, attached];
}

/** Starts it again and again; what the start itself measured is in its log. */
async function starts(world: World, name: string, peer: string): Promise<Measured[]> {
  world.say('start');
  const { tslxc, lxc } = world;
  const logs: string[] = [];
  const log = join(tslxc.directory, 'start.log');
  const whole = await repeated(
    STARTS,
    () => run(world.verb('start'), ['-n', name, '-l', 'DEBUG', '-o', log], tslxc.env),
    async () => {
      logs.push(readFileSync(log, 'utf8'));
      rmSync(log);
      await tslxc.ok('stop', ['-n', name, '-k']);
      await settled();
    },
  );
  const theirs = lxc && {
    what: 'lxc-start -d',
    values: await repeated(
      STARTS,
      () => lxc.run('start', '-d', '-n', peer),
      async () => {
        await lxc.run('stop', '-n', peer, '-k');
        await settled();
      },
    ),
  };
  const logged = (about: About, pattern: RegExp): Measured =>
    measured(
      about,
      logs.map(text => Number(pattern.exec(text)?.[1])),
    );
  return [
    logged({ what: 'plan in hand to init exec’d, with veth', bar: 4 }, /executor ran for ([\d.]+) ms/),
    logged(
      { what: 'the same, from spawn to RUNNING seen by Node', peer: theirs },
      /RUNNING after ([\d.]+) ms/,
    ),
    measured({ what: 'tslxc-start, command to prompt', peer: theirs }, whole),
    logged({ what: 'plan compiled, cold', bar: 3 }, /compiled in ([\d.]+) ms/),
  ];
}

async function warmCompiles({ tslxc }: World, name: string): Promise<Measured> {
  const settings = await loadSettings({ env: tslxc.env, flavour: 'tslxc', uid: 0 });
  const place = placeOf(settings, name);
  const config = await loadPlaceConfig(place);
  const host = collectHostFacts([tslxc.bridge]);
  const guest: GuestFacts = {
    init: { kind: 'busybox' },
    idmappable: true,
    stored: 'unshifted',
    is32Bit: false,
  };
  const input = {
    name,
    lxcpath: place.lxcpath,
    configFile: place.configFile,
    runDir: place.paths.run,
    rootfsMount: join(settings.runDir, 'rootfs'),
    suffix: place.suffix,
    share: [],
    bootId: bootId(),
    foreground: false,
  };
  const compile = (): unknown => compileLaunch(config, host, guest, input);
  await repeated(COMPILES, compile);
  return measured({ what: 'plan compiled, warm', bar: 1 }, await repeated(COMPILES, compile));
}

async function attaches(world: World, name: string, peer: string): Promise<Measured> {
  world.say('attach');
  const { tslxc, lxc } = world;
  await tslxc.ok('start', ['-n', name]);
  const values = await repeated(ATTACHES, () =>
    run(world.verb('attach'), ['-n', name, '--', 'true'], tslxc.env),
  );
  await tslxc.ok('stop', ['-n', name, '-k']);
  if (!lxc) return measured({ what: 'tslxc-attach -- true' }, values);
  await lxc.run('start', '-d', '-n', peer);
  const theirs = await repeated(ATTACHES, () => lxc.run('attach', '-n', peer, '--', 'true'));
  await lxc.run('stop', '-n', peer, '-k');
  return measured({ what: 'tslxc-attach -- true', peer: { what: 'lxc-attach', values: theirs } }, values);
}
