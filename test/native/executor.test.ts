import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const native = join(installation().root, 'native');

test('every op does in the kernel what it says', async t => {
  execFileSync('make', ['--silent', '-C', native, 'out/executor-test'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { stdout, stderr, status, signal } = spawnSync(join(native, 'out/executor-test'), {
    encoding: 'utf8',
    timeout: 240_000,
  });
  // What is said before a result belongs to it.
  let details: string[] = [];
  let last = 0;
  for (const line of stdout.split('\n')) {
    const [, not, number, name, why] = /^(not )?ok (\d+) - (.*?)(?: # SKIP (.*))?$/.exec(line) ?? [];
    if (name === undefined) {
      details.push(line);
      continue;
    }
    last = Number(number);
    const said = details.join('\n');
    details = [];
    await t.test(name, { skip: why ?? false }, () => assert.equal(not, undefined, said));
  }
  assert.ok(
    stdout.includes(`\n1..${last}\n`),
    `ended early (${signal ?? status}): ${details.join('\n')}${stderr}`,
  );
});
