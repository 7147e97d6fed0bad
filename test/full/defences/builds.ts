// Attacks run on two builds of the executor: one that lacks a defence, where they must succeed, and the real one, where they must
// fail. So a test that would pass because its attack is no attack fails.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installation } from '../../../src/host/installation.ts';
import { type Harness, harness } from '../../system/harness.ts';

/** No links: the attacks need none, and a start is quicker. */
export const ALONE = 'lxc.net.0.type = empty\n';

/** The build that is installed; a test may tell this process to use another. */
const REAL = installation().executor;

export interface Ground {
  readonly t: TestContext;
  readonly host: Harness;
  /** A copy of the build: an attack may overwrite it. */
  readonly executor: string;
  /** What makes a verb use it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Defines one test of two parts; the attack tells whether it succeeded. */
export function attackBothBuilds(
  defence: string,
  title: string,
  attack: (ground: Ground) => Promise<boolean>,
): void {
  test(`${defence}: ${title}`, async t => {
    await t.test(`succeeds on a build without ${defence}`, async part => {
      assert.equal(await attack(ground(part, buildWithout(defence))), true, 'this is no attack');
    });
    await t.test('fails on the real one', async part => {
      assert.equal(await attack(ground(part, REAL)), false);
    });
  });
}

/** A throw-away tslxc with a copy of an executor. */
export function ground(t: TestContext, from: string = REAL): Ground {
  const host = harness(t, { defaultConfig: ALONE });
  const executor = join(host.directory, 'tslxc-executor');
  copyFileSync(from, executor);
  chmodSync(executor, 0o755);
  return { t, host, executor, env: { TSLXC_EXECUTOR: executor } };
}

function buildWithout(defence: string): string {
  const native = join(installation().root, 'native');
  execFileSync('make', ['--silent', '-C', native, `BREAK=${defence}`], { stdio: ['ignore', 2, 2] });
  return join(native, `out/break-${defence}/tslxc-executor`);
}

export interface Victim {
  readonly name: string;
  readonly rootfs: string;
}

/** A busybox container with more lines of config. `privileged`: without a user namespace. */
export async function makeContainer(
  { host }: Ground,
  suffix: string,
  config: readonly string[] = [],
  privileged = false,
): Promise<Victim> {
  const name = host.name(suffix);
  await host.ok('create', ['-n', name, '-t', 'busybox', '--full', ...(privileged ? ['--privileged'] : [])]);
  const file = join(host.lxcpath, name, 'config');
  writeFileSync(file, [readFileSync(file, 'utf8'), ...config, ''].join('\n'));
  return { name, rootfs: join(host.lxcpath, name, 'rootfs') };
}

/** Puts attacks/NAME.c into the container as /NAME. */
export const plantAttack = (rootfs: string, name: string): string => compileAttack(name, rootfs);

/** Compiles attacks/NAME.c to DIRECTORY/NAME: static, so that it needs nothing where it runs. */
export function compileAttack(name: string, directory: string): string {
  const source = join(installation().root, 'test/full/defences/attacks', `${name}.c`);
  const compiler = hasMusl() ? 'musl-gcc' : 'gcc';
  const words = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-static', '-Wall', '-Wextra', '-Werror'];
  const program = join(directory, name);
  execFileSync(compiler, [...words, '-o', program, source], { stdio: ['ignore', 2, 2] });
  return program;
}

function hasMusl(): boolean {
  try {
    execFileSync('musl-gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A directory outside of every rootfs that anybody may write to, so that only our care keeps the container out of it. */
export function makeCanary(host: Harness): string {
  const canary = join(host.directory, 'canary');
  mkdirSync(canary);
  chmodSync(canary, 0o777);
  writeFileSync(join(canary, 'ptmx'), 'not a terminal\n');
  return canary;
}

/** A digest of all names, kinds, modes, owners and contents below. */
export function digestOf(directory: string): string {
  const hash = createHash('sha256');
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    const kind = entry.isFile()
      ? 'file'
      : entry.isDirectory()
        ? 'directory'
        : entry.isSymbolicLink()
          ? 'link'
          : 'other';
    hash.update(`${path}\0${kind}\0`);
    if (entry.isFile()) hash.update(readFileSync(path));
    if (entry.isSymbolicLink()) hash.update(readlinkSync(path));
  }
  return hash.digest('hex');
}

/** init's pid on the host. */
export async function initOf({ host }: Ground, name: string): Promise<number> {
  const { stdout } = await host.ok('info', ['-n', name, '-p', '-H']);
  const pid = Number(stdout.trim());
  assert.ok(pid > 1, `info said ${JSON.stringify(stdout)}`);
  return pid;
}

/** One field of /proc/PID/status. */
export function statusField(pid: number | 'self', field: string): string {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(text)?.[1] ?? '';
}
