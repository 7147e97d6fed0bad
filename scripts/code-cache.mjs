// dist/bin/program.cjs.cache: V8's compiled code of the program, with the functions that short verbs use. V8 refuses a cache of
// another version or text, so it is made where the program is installed.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = 'warm';
/** Its place is put before it. */
const TEMPLATE = '/template';

/** Verbs that change nothing but the throw-away directory; each run adds the functions that it used. */
const WARMERS = [
  ['ls', '-f'],
  ['info', '-n', 'none'],
  ['stop', '-n', 'none'],
  ['start', '-n', 'none'],
  ['attach', '-n', 'none'],
  // All that a start does before it starts: facts, config and plan of a container like those that create makes.
  ['plan', '-n', NAME],
  ['info', '-n', NAME],
  // As root: the first makes a base, the second is what a second create is.
  ['create', '-q', '-n', 'first', '-t', TEMPLATE],
  ['create', '-q', '-n', 'second', '-t', TEMPLATE],
];

/** Makes the cache; leaves none when that fails, since it is only faster with one. */
export function makeCodeCache(dist) {
  const program = join(dist, 'bin/program.cjs');
  const empty = mkdtempSync(join(tmpdir(), 'tslxc-cache-'));
  const fresh = join(empty, 'cache');
  const settings = join(empty, 'tslxc.yaml');
  writeFileSync(settings, ownPlaces(empty));
  makeContainer(join(empty, NAME));
  makeTemplate(empty + TEMPLATE);
  for (const [verb, ...args] of WARMERS) {
    const recorder = [
      fileURLToPath(import.meta.url),
      program,
      fresh,
      verb,
      '-P',
      empty,
      ...args.map(word => (word === TEMPLATE ? empty + word : word)),
    ];
    spawnSync(process.execPath, recorder, {
      env: { PATH: process.env.PATH, TSLXC_SETTINGS: settings },
      stdio: 'ignore',
    });
  }
  if (existsSync(fresh)) renameSync(fresh, `${program}.cache`);
  rmSync(empty, { recursive: true });
}

/** Nothing of this host is touched: ids, bases and run directories are in the throw-away directory too. */
function ownPlaces(directory) {
  const places = ['state_dir', 'run_dir', 'cache_dir', 'subuid_file', 'subgid_file', 'default_config'];
  for (const file of ['subuid_file', 'subgid_file'])
    writeFileSync(join(directory, file), 'root:1000000:1048576\n');
  return places.map(place => `${place}: ${join(directory, place)}\n`).join('');
}

/** The least that has two phases. */
function makeTemplate(file) {
  const facts = 'distribution x\\nrelease x\\narch x\\norigin x\\nindex x\\n';
  const lines = [
    '#!/bin/sh',
    '# phases: base personalize',
    `[ "$1" != --phase=base ] || printf '${facts}' >"\${2#--path=}/facts"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o755 });
}

function makeContainer(directory) {
  const etc = fileURLToPath(new URL('../etc/', import.meta.url));
  mkdirSync(join(directory, 'rootfs/sbin'), { recursive: true });
  writeFileSync(join(directory, 'rootfs/sbin/init'), '#!/bin/sh\n', { mode: 0o755 });
  const lines = [
    ...['default', 'common', 'userns', 'busybox'].map(file => `lxc.include = ${join(etc, file)}.conf`),
    `lxc.rootfs.path = dir:${directory}/rootfs`,
    `lxc.seccomp.profile = ${join(etc, 'seccomp/default.seccomp')}`,
    `lxc.uts.name = ${NAME}`,
    'lxc.idmap = u 0 1000000 65536',
    'lxc.idmap = g 0 1000000 65536',
  ];
  writeFileSync(join(directory, 'config'), `${lines.join('\n')}\n`);
}

/** In a process of its own: runs one verb as src/bin/boot.ts does and writes what was compiled. */
async function record([program, target, ...words]) {
  const [{ Script }, { readFileSync, writeFileSync }, { createRequire }, { dirname }] = await Promise.all([
    import('node:vm'),
    import('node:fs'),
    import('node:module'),
    import('node:path'),
  ]);
  process.argv = [process.argv[0], join(dirname(program), 'tslxc'), ...words];
  const text = `(function (require, __filename, __dirname) {${readFileSync(program, 'utf8')}\n})`;
  const cachedData = existsSync(target) ? readFileSync(target) : undefined;
  const script = new Script(text, { filename: program, cachedData });
  process.on('exit', () => writeFileSync(target, script.createCachedData()));
  script.runInThisContext()(createRequire(program), program, dirname(program));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await record(process.argv.slice(2));
