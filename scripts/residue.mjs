// npm run test:residue: what tests left on this host, found by their names; prints nothing when clean.
//
//   node scripts/residue.mjs [--name tslxctestX] [--remove]      status 1 when something is there

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PREFIX = 'tslxctest';

/** Everything on the host that bears the name: `{ kind, what, remove }`, in an order in which it can be removed. */
export function residue(name = PREFIX) {
  if (!name.startsWith(PREFIX)) throw new Error(`only names that start with ${PREFIX}`);
  const cgroups = cgroupsNamed(name);
  return [
    ...processesOf(name, cgroups),
    ...mountsNamed(name),
    ...loopsNamed(name),
    ...cgroups,
    ...linksNamed(name),
    ...tablesNamed(name),
    ...pathsNamed(name),
    ...addressesNamed(name),
  ];
}

/** Processes that run in such a cgroup or have the name on their command line: monitors, inits, dnsmasq, templates. */
function processesOf(name, cgroups) {
  const mine = new Set(ancestors(process.pid));
  const inside = new Set(cgroups.flatMap(({ what }) => readLines(join(what, 'cgroup.procs')).map(Number)));
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
    .filter(pid => !mine.has(pid) && (inside.has(pid) || commandLine(pid).includes(name)))
    .map(pid => ({
      kind: 'process',
      what: `${pid} ${commandLine(pid)}`.trim(),
      remove: () => process.kill(pid, 'SIGKILL'),
    }));
}

function mountsNamed(name) {
  const points = readLines('/proc/self/mountinfo').map(line => line.split(' '));
  return points
    .filter(fields => fields[3].includes(name) || fields[4].includes(name))
    .map(fields => unescaped(fields[4]))
    .reverse()
    .map(point => ({ kind: 'mount', what: point, remove: () => execFileSync('umount', ['-l', point]) }));
}

function loopsNamed(name) {
  return readdirSync('/sys/block')
    .filter(entry => entry.startsWith('loop'))
    .map(entry => ({ entry, file: readLines(`/sys/block/${entry}/loop/backing_file`)[0] ?? '' }))
    .filter(({ file }) => file.includes(name))
    .map(({ entry, file }) => ({
      kind: 'loop',
      what: `/dev/${entry} ${file}`,
      remove: () => execFileSync('losetup', ['-d', `/dev/${entry}`]),
    }));
}

/** In every mounted hierarchy, the deepest first. */
function cgroupsNamed(name) {
  const hierarchies = readLines('/proc/self/mountinfo')
    .filter(line => / - cgroup2? /.test(line))
    .map(line => unescaped(line.split(' ')[4]));
  const found = [...new Set(hierarchies)].flatMap(top => directoriesBelow(top, 4));
  return found
    .filter(path => path.includes(name))
    .sort((a, b) => b.length - a.length)
    .map(path => ({ kind: 'cgroup', what: path, remove: () => emptyAndRemove(path) }));
}

function emptyAndRemove(path) {
  if (existsSync(join(path, 'cgroup.kill'))) writeFileSync(join(path, 'cgroup.kill'), '1');
  for (let tries = 0; tries < 100; tries++) {
    try {
      return rmdirSync(path);
    } catch (error) {
      if (error.code === 'ENOENT') return;
      if (error.code !== 'EBUSY') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  throw new Error('still busy after two seconds');
}

/** Links with the name, and the ends of veth pairs that hang on such a bridge. */
function linksNamed(name) {
  const masterOf = link => linkTarget(`/sys/class/net/${link}/master`);
  return readdirSync('/sys/class/net')
    .filter(link => link.includes(name) || basename(masterOf(link)).includes(name))
    .map(link => ({ kind: 'link', what: link, remove: () => execFileSync('ip', ['link', 'delete', link]) }));
}

function tablesNamed(name) {
  return output('nft', ['list', 'tables'])
    .split('\n')
    .filter(line => line.includes(name))
    .map(line => line.replace(/^table /, ''))
    .map(table => ({
      kind: 'nft table',
      what: table,
      remove: () => execFileSync('nft', ['delete', 'table', ...table.split(' ')]),
    }));
}

/** Directories where tests, or a command that missed its settings, keep things. */
function pathsNamed(name) {
  const places = [
    '/tmp',
    '/var/tmp',
    '/run',
    '/run/tslxc',
    '/run/lxc',
    '/var/lib',
    '/var/lib/tslxc',
    '/var/lib/lxc',
    '/var/cache',
  ];
  return places
    .flatMap(place => (existsSync(place) ? readdirSync(place).map(entry => join(place, entry)) : []))
    .filter(path => basename(path).includes(name))
    .map(path => ({
      kind: 'path',
      what: path,
      remove: () => {
        const below = mountsNamed(path);
        if (below.length > 0) throw new Error(`${below[0].what} is mounted below it`);
        rmSync(path, { recursive: true });
      },
    }));
}

/** Abstract socket addresses (LXC's own lock on a container). They go with the process that holds them. */
function addressesNamed(name) {
  return readLines('/proc/net/unix')
    .map(line => line.split(' ').at(-1))
    .filter(address => address?.startsWith('@') && address.includes(name))
    .map(address => ({ kind: 'address', what: address, remove: () => {} }));
}

function ancestors(pid) {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0);
  return parent > 0 ? [pid, ...ancestors(parent)] : [pid];
}

function directoriesBelow(top, depth) {
  let entries;
  try {
    entries = readdirSync(top, { withFileTypes: true });
  } catch {
    return [];
  }
  const here = entries.filter(entry => entry.isDirectory()).map(entry => join(top, entry.name));
  return depth === 1 ? here : here.flatMap(path => [path, ...directoriesBelow(path, depth - 1)]);
}

function linkTarget(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function output(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

const readLines = path => readText(path).split('\n').filter(Boolean);
const commandLine = pid => readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
const unescaped = text =>
  text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));

function main(words) {
  const name = words.includes('--name') ? words[words.indexOf('--name') + 1] : PREFIX;
  const found = residue(name);
  for (const { kind, what, remove } of found) {
    process.stdout.write(`${kind} ${what}\n`);
    if (!words.includes('--remove')) continue;
    try {
      remove();
    } catch (error) {
      process.stderr.write(`cannot remove ${kind} ${what}: ${error.message}\n`);
    }
  }
  process.exitCode = found.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
