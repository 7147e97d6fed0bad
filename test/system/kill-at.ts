// A command that is killed at each of its calls that change something, and what must then hold.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from './harness.ts';

const LONGEST_MS = 60_000;

/**
 * The first create of its options makes a base; the second only a container over it; the mapped one, under LXC's name and with an id
 * map in its config, runs the template whole in a user namespace.
 */
export type Create = 'first' | 'second' | 'mapped';

/** Kills `create` at every `step`-th of its changing calls: the next command must find nothing half done. */
export async function sweepCreate(t: TestContext, which: Create, step: number): Promise<void> {
  const host = harness(t);
  const killAt = compile(host);
  const mapped = which === 'mapped' ? mappedWords(host) : undefined;
  const create = (name: string) => ['create', '-n', name, ...(mapped ?? ['-t', 'busybox'])];
  const flavour = mapped ? 'lxc' : 'tslxc';
  if (which === 'second') await host.ok('create', create(host.name('first')).slice(1));
  const calls = listCalls(host, killAt, create(host.name('count')), flavour);
  t.diagnostic(`${which} create: ${calls.length} calls that change something`);
  await host.ok('destroy', ['-n', host.name('count')]);
  for (const { number, what } of everyOf(calls, step)) {
    const name = host.name(`k${number}`);
    await t.test(`${which} create, killed at ${number}: ${what}`, async () => {
      if (which === 'first') await host.ok('images', ['prune']);
      runKilled(host, killAt, number, create(name), flavour);
      const known = (await host.run('info', ['-n', name, '-s'])).status === 0;
      const listed = (await host.ok('ls', ['-1'])).stdout.split(/\s+/).includes(name);
      assert.equal(listed, known, 'ls and info disagree');
      const again = await host.run('create', create(name).slice(1), { flavour });
      if (known) assert.match(again.stderr, /already exists/);
      else assert.equal(again.status, 0, again.stderr);
      if (!mapped) await assertBasesAreWhole(host, which === 'first' ? [name] : [host.name('first'), name]);
      await host.ok('destroy', ['-n', name]);
      assertNothingHalfMade(host, name, which === 'second' ? 1 : 0);
    });
  }
  if (which === 'second') await host.ok('destroy', ['-n', host.name('first')]);
}

function mappedWords(host: Harness): string[] {
  const file = join(host.directory, 'mapped.conf');
  const maps = ['u', 'g'].map(kind => `lxc.idmap = ${kind} 0 ${host.firstId + 65536} 65536\n`);
  writeFileSync(file, maps.join(''));
  return ['-t', join(installation().templates, 'tslxc-busybox'), '-f', file];
}

/** Of what is kept of bases nothing is half made: one, with the bytes that its name promises, and with its users. */
async function assertBasesAreWhole(host: Harness, users: readonly string[]): Promise<void> {
  const images = readdirSync(join(host.stateDir, '.images'));
  assert.deepEqual(
    images.filter(name => !/^([0-9a-f]{64}|\.refs|\.lock)$/.test(name)),
    [],
  );
  const bases = JSON.parse((await host.ok('images', ['--format', 'json'])).stdout) as {
    id: string;
    users: { name: string }[];
  }[];
  assert.deepEqual(
    bases.map(({ users: all }) => all.map(({ name }) => name).sort()),
    [users.toSorted()],
  );
  // An export reads the tree and compares it with the base's name.
  const file = join(host.directory, 'export.tar');
  await host.ok('images', ['export', bases[0]?.id ?? '', file]);
  rmSync(file);
}

/** Kills `start` likewise: never two inits, the state is true within a second, the next start works or says it runs. */
export async function sweepStart(t: TestContext, step: number): Promise<void> {
  const host = harness(t);
  const killAt = compile(host);
  const name = host.name('killed');
  await host.ok('create', ['-n', name, '-t', 'busybox']);
  const start = ['start', '-n', name];
  const calls = listCalls(host, killAt, start);
  // Each start makes the bridge anew, so that the calls stay the same.
  const end = async () => {
    await host.ok('stop', ['-n', name, '-k']);
    await host.ok('net', ['stop']);
  };
  await end();
  for (const { number, what } of everyOf(calls, step)) {
    await t.test(`start, killed at ${number}: ${what}`, async () => {
      runKilled(host, killAt, number, start);
      await stateIsTrue(host, name);
      const again = await host.run('start', ['-n', name]);
      if (again.status !== 0) assert.match(again.stderr, /already running/, `start again: ${again.stderr}`);
      assert.equal(initsOf(name).length, 1, 'one init');
      await end();
      assert.deepEqual(host.residue(), [`path ${host.directory}`]);
    });
  }
}

/** Within one second `info` says what the kernel says. */
async function stateIsTrue(host: Harness, name: string): Promise<void> {
  const deadline = performance.now() + 1000;
  let last = '';
  do {
    const said = await host.run('info', ['-n', name, '-s']);
    const running = initsOf(name).length > 0;
    last = `info says ${said.stdout.trim()}, the kernel has ${running ? 'an' : 'no'} init`;
    if (/RUNNING/.test(said.stdout) === running && /RUNNING|STOPPED/.test(said.stdout)) return;
  } while (performance.now() < deadline);
  assert.fail(last);
}

/** Pids that are process 1 of a pid namespace beneath this one and in the payload's control group. */
function initsOf(name: string): number[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .filter(pid => {
      const status = read(`/proc/${pid}/status`);
      return (
        /^NSpid:\s+\d+\s+1$/m.test(status) && read(`/proc/${pid}/cgroup`).includes(`lxc.payload.${name}`)
      );
    })
    .map(Number);
}

function assertNothingHalfMade(host: Harness, name: string, rangesOfOthers: number): void {
  assert.deepEqual(
    readdirSync(host.lxcpath).filter(entry => entry === name || entry.startsWith('.tslxc-creating')),
    [],
  );
  const ids = join(host.stateDir, '.ids');
  const taken = existsSync(ids) ? readdirSync(ids).filter(entry => /^\d+$/.test(entry)) : [];
  assert.equal(taken.length, rangesOfOthers, 'its range is free again');
}

function compile(host: Harness): string {
  const program = join(host.directory, 'kill_at');
  const source = join(installation().root, 'test/native/kill_at.c');
  execFileSync('gcc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return program;
}

interface Call {
  readonly number: number;
  readonly what: string;
}

function listCalls(host: Harness, killAt: string, words: readonly string[], flavour?: Flavour): Call[] {
  const { status, stderr, output } = spawnSync(killAt, ['0', '--', ...command(words, flavour)], {
    env: host.env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
  assert.equal(status, 0, stderr);
  const lines = (output[3] ?? '').split('\n').filter(Boolean);
  assert.ok(lines.length > 0, 'the traced run changed nothing');
  return lines.map((line, index) => ({
    number: index + 1,
    what: line.replace(/^\d+ /, '').replaceAll(host.directory, '…'),
  }));
}

function runKilled(
  host: Harness,
  killAt: string,
  number: number,
  words: readonly string[],
  flavour?: Flavour,
): void {
  const { status } = spawnSync(killAt, [String(number), '--', ...command(words, flavour)], {
    env: host.env,
    stdio: 'ignore',
    timeout: LONGEST_MS,
  });
  // A call more or less from one run to the next: then it came to its end.
  assert.ok(status === 137 || status === 0, `exited ${status}`);
}

type Flavour = 'tslxc' | 'lxc';

const command = ([verb, ...args]: readonly string[], flavour: Flavour = 'tslxc'): string[] => [
  join(installation().root, flavour === 'lxc' ? `dist/compat/lxc-${verb}` : `dist/bin/tslxc-${verb}`),
  ...args,
];
const everyOf = (calls: readonly Call[], step: number): Call[] =>
  calls.filter((_, index) => index % step === step - 1 || step === 1);

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
