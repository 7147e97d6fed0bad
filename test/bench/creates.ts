// Creating: the first time, which makes a base, and the second; a hundred over one base. LXC's own templates beside, on the same mirror.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folder, loopback, sharedData } from '../templates/loopback.ts';
import { type Measured, measured, repeated, run, timed } from './measure.ts';
import type { World } from './world.ts';

const SECONDS = 9;
const COUNT = 100;
/** Milliseconds and KiB of a second create (issue of templates and images). */
const BARS = { ms: 100, KiB: 1024 };

interface Distribution {
  readonly name: string;
  readonly words: readonly string[];
  /** What LXC's template of the same name wants to do the same. */
  readonly lxcWords: readonly string[];
}

export async function benchCreates(world: World): Promise<Measured[]> {
  const found: Measured[] = [];
  const ends: (() => void)[] = [];
  try {
    for (const distribution of await distributions(world, ends))
      found.push(...(await creates(world, distribution)));
    found.push(...(await hundred(world)));
  } finally {
    for (const end of ends) end();
  }
  return found;
}

/** Those whose mirror can be reached from here; what is left out is said. */
async function distributions(world: World, ends: (() => void)[]): Promise<Distribution[]> {
  const all: Distribution[] = [{ name: 'busybox', words: [], lxcWords: [] }];
  const { directory, skip } = sharedData('.');
  if (skip === false) {
    const { url } = await loopback(
      { after: (end: () => void) => ends.push(end) } as never,
      folder(directory),
    );
    const key = (path: string) => join(directory, path);
    const alpine = `${url}/alpine/apk-repo`;
    all.push({
      name: 'alpine',
      words: ['-r', 'v3.13', '--mirror', alpine, '--keyring', key('alpine/apk-repo/tslxc-test.rsa.pub')],
      lxcWords: ['-r', 'v3.13', '-m', alpine],
    });
    const centos = `${url}/el7-repo/7/os/x86_64/`;
    all.push({
      name: 'centos',
      words: ['--repo', centos, '--keyring', key('el7-repo/7/os/x86_64/RPM-GPG-KEY-tslxc-test')],
      lxcWords: ['-R', '7', '--repo', centos],
    });
  } else world.say(`alpine and centos are left out: ${skip}`);
  all.push({ name: 'debian', words: ['-r', 'trixie'], lxcWords: ['-r', 'trixie'] });
  return all;
}

async function creates(world: World, { name, words, lxcWords }: Distribution): Promise<Measured[]> {
  world.say(`create ${name}`);
  const { tslxc } = world;
  const at = (index: number): string => tslxc.name(`${name}${index}`);
  const create = (index: number) =>
    run(world.verb('create'), ['-n', at(index), '-t', name, '--', ...words], tslxc.env);
  // No base of another part's containers may be there.
  await tslxc.ok('images', ['prune']);
  const first = await timed(() => create(0));
  const sizes: number[] = [];
  const second = await repeated(
    SECONDS,
    index => create(index + 1),
    index => {
      sizes.push(kibibytes(join(tslxc.lxcpath, at(index + 1))));
    },
  );
  for (let index = 0; index <= SECONDS; index++) await tslxc.ok('destroy', ['-n', at(index)]);
  const theirs = await lxcCreates(world, name, lxcWords);
  const peer = (value: number | undefined) =>
    value === undefined ? {} : { peer: { what: 'lxc-create', values: [value] } };
  return [
    measured({ what: `first create of ${name}`, ...peer(theirs?.first) }, [first]),
    measured({ what: `second create of ${name}`, bar: BARS.ms, ...peer(theirs?.second) }, second),
    measured(
      { what: `disk of a second ${name}`, unit: 'KiB', bar: BARS.KiB, ...peer(theirs?.kibibytes) },
      sizes,
    ),
  ];
}

interface Theirs {
  readonly first: number;
  readonly second: number;
  readonly kibibytes: number;
}

/** LXC's template of the same name, its cache empty and then full; undefined, and said, where it can't do it. */
async function lxcCreates(world: World, name: string, words: readonly string[]): Promise<Theirs | undefined> {
  const { lxc, tslxc } = world;
  if (!lxc || !existsSync(`/usr/share/lxc/templates/lxc-${name}`)) {
    world.say(`lxc-create -t ${name}: not installed`);
    return undefined;
  }
  const cache = { LXC_CACHE_PATH: join(tslxc.directory, 'lxc-cache') };
  const [one, two] = [lxc.name(`${name}1`), lxc.name(`${name}2`)];
  try {
    const first = await timed(() => lxc.create(one, name, words, cache));
    const second = await timed(() => lxc.create(two, name, words, cache));
    const size = kibibytes(join(lxc.lxcpath, two));
    for (const each of [one, two]) await lxc.destroy(each);
    return { first, second, kibibytes: size };
  } catch (error) {
    const lines = (error as Error).message.split('\n').filter(line => line.trim() !== '');
    world.say(`lxc-create -t ${name} fails on this mirror: ${lines.at(-3) ?? lines[0]}`);
    return undefined;
  }
}

/** A hundred by one call, over a base that is there. */
async function hundred(world: World): Promise<Measured[]> {
  world.say(`creating ${COUNT} over one base`);
  const { tslxc } = world;
  const pattern = `${tslxc.name('many')}%d`;
  const before = kibibytes(tslxc.lxcpath);
  const took = await timed(() =>
    run(
      world.verb('create'),
      ['-t', 'busybox', '--count', String(COUNT), '--name-pattern', pattern],
      tslxc.env,
    ),
  );
  const size = kibibytes(tslxc.lxcpath) - before;
  for (let index = 1; index <= COUNT; index++)
    await tslxc.ok('destroy', ['-n', pattern.replace('%d', String(index))]);
  return [
    measured({ what: `${COUNT} created by one call` }, [took]),
    measured({ what: `disk of ${COUNT} over one base`, unit: 'KiB' }, [size]),
  ];
}

const kibibytes = (path: string): number =>
  Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0]);
