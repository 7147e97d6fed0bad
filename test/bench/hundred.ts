// A hundred containers at once: started, listed, their monitors weighed, stopped.

import { readdirSync, readFileSync } from 'node:fs';
import type { Container } from '../../src/index.ts';
import { type Measured, measured, repeated, run, settled, timed } from './measure.ts';
import type { Lxc, World } from './world.ts';

const COUNT = 100;
const ROUNDS = 3;
const LISTS = 11;
const AT_ONCE = 16;

export async function benchHundred(world: World): Promise<Measured[]> {
  const theirs = world.lxc && (await lxcHundred(world, world.lxc));
  world.say(`creating ${COUNT}`);
  const containers = await createAll(world);
  const found = { start: [] as number[], stop: [] as number[], list: [] as number[], pss: [] as number[] };
  for (let round = 1; round <= ROUNDS; round++) {
    world.say(`starting ${COUNT}, round ${round} of ${ROUNDS}`);
    found.start.push(await timed(() => startAll(world, containers)));
    if (round === ROUNDS) {
      found.pss = monitorPss(`[tslxc monitor] ${world.tslxc.lxcpath} `);
      found.list = await repeated(LISTS, () => run(world.verb('ls'), ['-f'], world.tslxc.env));
    }
    found.stop.push(await timed(() => stopAll(containers)));
    await settled();
  }
  await eachAtOnce(containers, container => container.destroy());
  const peer = (what: string, values: readonly number[] | undefined) => values && { peer: { what, values } };
  return [
    measured(
      { what: `${COUNT} started by one call`, bar: 2000, ...peer(`${COUNT} × lxc-start -d`, theirs?.start) },
      found.start,
    ),
    measured(
      { what: `${COUNT} stopped (killed)`, ...peer(`${COUNT} × lxc-stop -k`, theirs?.stop) },
      found.stop,
    ),
    measured(
      { what: `tslxc-ls -f of ${COUNT} running`, bar: 150, ...peer('lxc-ls -f', theirs?.list) },
      found.list,
    ),
    measured(
      {
        what: `PSS of a monitor, ${COUNT} running`,
        unit: 'KiB',
        bar: 300,
        ...peer('lxc-start', theirs?.pss),
      },
      found.pss,
    ),
  ];
}

async function createAll({ tslxc, library, options }: World): Promise<Container[]> {
  const names = Array.from({ length: COUNT }, (_, index) => tslxc.name(`n${index}`));
  const made: Container[] = [];
  await eachAtOnce(
    names,
    async name => {
      made.push(await library.Container.create(name, { ...options, template: 'busybox' }));
    },
    4,
  );
  return made;
}

async function startAll({ library }: World, containers: readonly Container[]): Promise<void> {
  for (const result of await library.Container.startAll(containers))
    if (result.status === 'rejected') throw result.reason;
}

async function stopAll(containers: readonly Container[]): Promise<void> {
  await eachAtOnce(containers, container => container.kill());
}

/** KiB of each process with such a command line, from its smaps_rollup. */
function monitorPss(title: string): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry) && readSilently(`/proc/${entry}/cmdline`).startsWith(title))
    .map(pid => Number(/^Pss:\s+(\d+) kB/m.exec(readSilently(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
}

function readSilently(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The same with LXC: its commands, as many at once, on one root filesystem. */
async function lxcHundred(world: World, lxc: Lxc) {
  world.say(`starting ${COUNT} with LXC`);
  const first = lxc.name('first');
  await lxc.create(first);
  const names = Array.from({ length: COUNT }, (_, index) => lxc.name(`n${index}`));
  for (const name of names) lxc.alias(name, first);
  const start = [await timed(() => eachAtOnce(names, name => lxc.run('start', '-d', '-n', name)))];
  const pss = monitorPss(lxc.monitorTitle);
  const list = await repeated(LISTS, () => lxc.run('ls', '-f'));
  const stop = [await timed(() => eachAtOnce(names, name => lxc.run('stop', '-k', '-n', name)))];
  await lxc.destroy(first);
  return { start, pss, list, stop };
}

async function eachAtOnce<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
