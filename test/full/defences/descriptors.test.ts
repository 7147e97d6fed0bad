// Attacks on what the executor brings along into a container: descriptors, groups, capabilities, itself (security-lessons 1b).

import assert from 'node:assert/strict';
import { type ChildProcess, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../../src/host/installation.ts';
import { attackBothBuilds, type Ground, initOf, makeContainer, plantAttack, statusField } from './builds.ts';

const SECRET = 'of the host, and nobody else';

attackBothBuilds(
  'close_range',
  "init walks the host's files from a directory that the caller has open",
  async ground => {
    const { name } = await makeContainer(ground, 'fds');
    const secret = makeSecret(ground, 0o644);
    // Node closes the lowest of them by itself.
    runVia(ground, ['bash', '-c', 'exec 200</; exec "$@"', 'bash'], 'start', ['-n', name]);
    const read = `ls -l /proc/1/fd; cat /proc/1/fd/200${secret}; :`;
    const { stdout } = await ground.host.ok('attach', ['-n', name, '--', '/bin/sh', '-c', read]);
    return stdout.includes(SECRET);
  },
);

attackBothBuilds('groups', "a file of a group of the caller's is read", async ground => {
  const secret = makeSecret(ground, 0o640, 4242);
  const entry = `lxc.mount.entry = ${secret} mnt/secret none bind,create=file 0 0`;
  const { name } = await makeContainer(ground, 'groups', [entry]);
  await ground.host.ok('start', ['-n', name]);
  const words = ['-n', name, '--', '/bin/cat', '/mnt/secret'];
  return runVia(ground, ['setpriv', '--groups', '0,4242'], 'attach', words, [0, 1]).stdout.includes(SECRET);
});

attackBothBuilds('inheritable', "init inherits capabilities of the caller's", async ground => {
  const { name } = await makeContainer(ground, 'caps', [], true);
  runVia(ground, ['setpriv', '--inh-caps=+net_raw'], 'start', ['-n', name]);
  return BigInt(`0x${statusField(await initOf(ground, name), 'CapInh')}`) !== 0n;
});

attackBothBuilds(
  'dumpable',
  'who attaches is stopped and looked into before it is the payload',
  async ground => {
    const { host, env } = ground;
    const { name, rootfs } = await makeContainer(ground, 'spy');
    mapOntoItself(ground, name);
    plantAttack(rootfs, 'spy');
    await host.ok('start', ['-n', name]);
    const spy = host.begin('attach', ['-n', name, '--', '/spy', '15']);
    const said = listen(spy);
    await said.until('ready');
    while (spy.exitCode === null) await host.run('attach', ['-n', name, '--', '/bin/true'], { env });
    const words = await said.until(/came (\d+) stopped (\d+) got (\d+)/);
    assert.notEqual(words[2], '0', `nobody was stopped in time: ${words[0]}`);
    return words[3] !== '0';
  },
);

/** A change of ids forbids tracing by itself, so a map that changes none is where only our own care is left. */
function mapOntoItself({ host }: Ground, name: string): void {
  const file = join(host.lxcpath, name, 'config');
  writeFileSync(file, host.config(name).replace(/^(lxc\.idmap = [ug] 0) \d+/gm, '$1 0'));
}

attackBothBuilds('self_exe', 'who attaches has its program file overwritten', async ground => {
  const { host, env, executor } = ground;
  const { name, rootfs } = await makeContainer(ground, 'exe', [], true);
  plantAttack(rootfs, 'overwrite');
  // The monitor runs from another copy: a file that runs can't be written.
  await host.ok('start', ['-n', name]);
  const elsewhere = join(host.directory, 'another');
  copyFileSync(installation().executor, elsewhere);
  const attacker = host.begin('attach', ['-n', name, '--', '/overwrite', '10'], {
    env: { TSLXC_EXECUTOR: elsewhere },
  });
  const said = listen(attacker);
  await said.until('ready');
  const before = readFileSync(executor);
  for (let n = 0; n < 20 && !said.text().includes('holds'); n++)
    await host.run('attach', ['-n', name, '--', '/bin/true'], { env });
  await said.until('holds');
  await said.until(/overwrote it|gave up/);
  return !readFileSync(executor).equals(before);
});

function makeSecret({ host }: Ground, mode: number, gid = 0): string {
  const file = join(host.directory, 'secret');
  writeFileSync(file, `${SECRET}\n`);
  chownSync(file, 0, gid);
  chmodSync(file, mode);
  return file;
}

/** Runs a verb by way of another program. */
function runVia(
  { host, env }: Ground,
  way: readonly string[],
  verb: string,
  args: readonly string[],
  statuses: readonly number[] = [0],
): { stdout: string } {
  const [file = '', ...words] = [...way, join(installation().root, `dist/bin/tslxc-${verb}`), ...args];
  const { status, stdout, stderr } = spawnSync(file, words, {
    env: { ...host.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.ok(statuses.includes(status ?? -1), `${verb} exited ${status}: ${stderr}`);
  return { stdout };
}

/** Collects what a process prints. */
function listen(child: ChildProcess): {
  text(): string;
  until(wanted: string | RegExp): Promise<RegExpExecArray>;
} {
  let text = '';
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', chunk => {
      text += chunk;
      wake();
    });
  child.once('close', wake);
  return {
    text: () => text,
    until: wanted =>
      new Promise((resolve, reject) => {
        const pattern = typeof wanted === 'string' ? new RegExp(wanted) : wanted;
        const look = () => {
          const found = pattern.exec(text);
          const over = child.exitCode !== null && child.stdout?.readableEnded;
          if (!found && !over) return;
          waiting.delete(look);
          if (found) resolve(found);
          else reject(new Error(`never said ${pattern}: ${text}`));
        };
        waiting.add(look);
        look();
      }),
  };
}
