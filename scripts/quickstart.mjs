// npm run quickstart: from a fresh clone to a booted container that ran a command. May be run again.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { prepare } from './prepare.mjs';
import { root } from './root.mjs';

const NAME = 'demo';
const bin = join(root, 'dist/bin');

async function main() {
  if (process.getuid() !== 0)
    throw new Error('the quickstart makes a bridge and a container: run it as root');
  await prepare(['build', 'run']);
  const { setUpHost } = await import(join(root, 'dist/index.js'));
  for (const line of await setUpHost()) say(line);
  if (exists()) say(`${NAME} is there already`);
  else create();
  if (state() !== 'RUNNING') show('start', '-n', NAME);
  show('wait', '-n', NAME, '-s', 'RUNNING', '-t', '60');
  show(
    'attach',
    '-n',
    NAME,
    '--',
    'sh',
    '-c',
    'echo "hello from $(hostname), where PID 1 is $(cat /proc/1/comm)"',
  );
  await address();
  show('ls', '-f');
  whatNext();
}

/** Its DHCP client takes a moment; without an address the table would look as if the network were broken. */
async function address() {
  const deadline = Date.now() + 15_000;
  while (!/^\d+\./m.test(quiet('info', '-n', NAME, '-iH').stdout) && Date.now() < deadline) await delay(200);
}

/** Debian where a mirror can be reached, else the one that needs no network. */
function create() {
  if (attempt('create', '-n', NAME, '-t', 'debian')) return say(`${NAME} is a Debian from its mirror`);
  say('no Debian could be installed (see above): taking busybox, which needs no mirror');
  show('create', '-n', NAME, '-t', 'busybox');
}

function whatNext() {
  say(`
What to type next (or put dist/bin first in PATH and leave the path out):
  ${bin}/tslxc-attach -n ${NAME}             a shell in it
  ${bin}/tslxc-console -n ${NAME}            its console; Ctrl+a q leaves
  ${bin}/tslxc-info -n ${NAME}               what it is doing
  ${bin}/tslxc plan ${NAME}                  everything that a start does, op by op, and why
  ${bin}/tslxc-stop -n ${NAME}               end it cleanly
  ${bin}/tslxc-destroy -n ${NAME}            remove it
  ${bin}/tslxc --help                      all the verbs`);
}

const exists = () => quiet('info', '-n', NAME, '-s').status === 0;
const state = () => /[A-Z]{4,}/.exec(quiet('info', '-n', NAME, '-s').stdout)?.[0];

/** Runs a verb before the user's eyes; whether it succeeded. */
function attempt(verb, ...args) {
  say(`\n$ tslxc-${verb} ${args.map(word => (/^[\w/=.-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  return (
    spawnSync(join(bin, `tslxc-${verb}`), args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
  );
}

function show(verb, ...args) {
  if (!attempt(verb, ...args)) throw new Error(`tslxc-${verb} failed`);
}

const quiet = (verb, ...args) => spawnSync(join(bin, `tslxc-${verb}`), args, { encoding: 'utf8' });
const say = text => process.stdout.write(`${text}\n`);

try {
  await main();
} catch (error) {
  process.stderr.write(`quickstart: ${error.message}\n`);
  process.exitCode = 1;
}
