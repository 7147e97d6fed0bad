// Commands on one container at the same time: one init at most, words and exit statuses of LXC, and nothing left of the losers.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { harness, type RunResult } from './harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });

/** Processes that are the first of their pid namespace and in this container's control group. */
function inits(name: string): number[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return ''; // it has ended
    }
  };
  return readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid))
    .filter(pid => /^NSpid:.*\t1$/m.test(read(pid, 'status')) && !/^State:\s*[ZX]/m.test(read(pid, 'status')))
    .filter(pid => read(pid, 'cgroup').includes(`lxc.payload.${name}`))
    .map(Number);
}

/** What bears the container's name on this host. */
const traces = (name: string): string[] => h.residue().filter(line => line.includes(name));

const state = async (name: string): Promise<string> => (await h.ok('info', ['-sH', name])).stdout.trim();

const made = async (suffix: string): Promise<string> => {
  const name = h.name(suffix);
  await h.ok('create', ['-n', name, '-t', 'busybox', '-q']);
  return name;
};

for (const count of [2, 10])
  test(`${count} starts at once: one of them starts it, the others say so and exit 0`, {
    timeout: 120_000,
  }, async () => {
    const name = await made(`starts${count}`);
    const results = await Promise.all(Array.from({ length: count }, () => h.run('start', [name])));
    const words = results.map(({ stderr }) => stderr).join('');
    assert.deepEqual(
      results.map(({ status }) => status),
      results.map(() => 0),
      words,
    );
    assert.equal(inits(name).length, 1);
    assert.equal(results.filter(({ stderr }) => stderr === '').length, 1, words);
    const others = results.filter(({ stderr }) => stderr !== '');
    for (const { stderr } of others)
      assert.equal(stderr, `tslxc-start: ${name}: Container is already running\n`);
    await h.ok('stop', [name]);
    assert.deepEqual(inits(name), []);
    await h.ok('destroy', [name]);
    assert.deepEqual(traces(name), []);
  });

/** One line of cause each, from whoever lost. */
function toldInOneLine({ status, stderr }: RunResult): void {
  assert.ok(!/ {4}at |undefined/.test(stderr), stderr);
  if (status !== 0) assert.match(stderr, /^tslxc-\w+: .+\n( {2}hint: .+\n)?$/);
}

/** How much later the second command comes; a start takes about 150 ms. */
const LATER_MS = [0, 60, 120, 200];

for (const force of [true, false])
  test(`start beside destroy${force ? ' -f' : ''}: gone or running, and nothing in between`, {
    timeout: 180_000,
  }, async t => {
    const ends: string[] = [];
    for (const later of LATER_MS) {
      const name = await made(`d${later}${force ? 'f' : ''}`);
      const [start, destroy] = await Promise.all([
        h.run('start', [name]),
        delay(later).then(() => h.run('destroy', force ? ['-f', name] : [name])),
      ]);
      toldInOneLine(start);
      toldInOneLine(destroy);
      const words = `after ${later} ms: ${start.status} ${start.stderr}${destroy.status} ${destroy.stderr}`;
      // Asked to end it whatever it does, destroy does.
      assert.ok(!force || destroy.status === 0, words);
      if (existsSync(join(h.lxcpath, name, 'config'))) {
        assert.notEqual(destroy.status, 0, words);
        assert.equal(inits(name).length, start.status === 0 ? 1 : 0, words);
        assert.equal(await state(name), start.status === 0 ? 'RUNNING' : 'STOPPED', words);
        await h.ok('destroy', ['-f', name]);
        ends.push(`kept (${destroy.stderr.trim()})`);
      } else {
        assert.equal(destroy.status, 0, words);
        ends.push('gone');
      }
      assert.deepEqual([inits(name), traces(name)], [[], []], words);
    }
    t.diagnostic(ends.join(' '));
  });

test('start beside stop: running or stopped, as the state says, and startable', {
  timeout: 180_000,
}, async t => {
  const name = await made('stop');
  const ends: string[] = [];
  for (const later of LATER_MS) {
    const [start, stop] = await Promise.all([
      h.run('start', [name]),
      delay(later).then(() => h.run('stop', ['-k', name])),
    ]);
    toldInOneLine(start);
    toldInOneLine(stop);
    const now = await state(name);
    assert.equal(inits(name).length, now === 'RUNNING' ? 1 : 0, now);
    ends.push(now);
    if (now === 'RUNNING') await h.ok('stop', ['-k', name]);
    assert.deepEqual(inits(name), []);
  }
  t.diagnostic(ends.join(' '));
  await h.ok('start', [name]);
  await h.ok('destroy', ['-f', name]);
  assert.deepEqual(traces(name), []);
});
