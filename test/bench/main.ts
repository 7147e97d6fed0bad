// npm run bench: what the bars of README.md's numbers are measured with. Bars are printed, never asserted.
//
//   npm run bench -- [--json FILE] [one|creates|verbs|hundred …]

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchCreates } from './creates.ts';
import { benchHundred } from './hundred.ts';
import type { Measured } from './measure.ts';
import { jsonOf, machine, tableOf } from './report.ts';
import { benchOne } from './single.ts';
import { benchVerbs } from './verbs.ts';
import { world } from './world.ts';

const PARTS = { one: benchOne, creates: benchCreates, verbs: benchVerbs, hundred: benchHundred };

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' } },
    allowPositionals: true,
  });
  const unknown = positionals.find(word => !Object.hasOwn(PARTS, word));
  if (unknown !== undefined)
    throw new Error(`no bench ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
  if (process.geteuid?.() !== 0) throw new Error('containers are started: run it as root');
  const on = machine();
  const here = await world();
  const all: Measured[] = [];
  try {
    for (const [name, bench] of Object.entries(PARTS))
      if (positionals.length === 0 || positionals.includes(name)) all.push(...(await bench(here)));
  } finally {
    await here.cleanup();
  }
  const { kernel, node, cpus, cpu, load } = on;
  process.stdout.write(
    `${cpus} × ${cpu}, Linux ${kernel}, Node ${node}, load before ${load}\n\n${tableOf(all)}`,
  );
  if (values.json !== undefined) writeFileSync(values.json, jsonOf(all, on));
}

main().catch(error => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});
