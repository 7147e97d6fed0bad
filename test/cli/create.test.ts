// tslxc-create's command line, as a user meets it.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { harness } from '../system/harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });

test('a template tells its own options, with a name and without, and nothing is made', async () => {
  const asked = [
    ['-t', 'debian', '--', '--help'],
    ['-n', h.name('x'), '-t', 'debian', '--', '-h'],
    ['-n', h.name('x'), '-t', 'debian', '--', '-r', 'sid', '--help'],
  ];
  for (const words of asked) {
    const { stdout, stderr } = await h.ok('create', words);
    assert.match(stdout, /^tslxc-debian: .*\n\n {2}-r, --release=NAME /);
    assert.equal(stderr, '');
  }
  const behind = await h.ok('create', ['-t', 'debian', '-h']);
  assert.match(behind.stderr, /^Usage: tslxc-create .*tslxc-debian: .*--release=NAME/s);
  assert.deepEqual(readdirSync(h.lxcpath), []);
});
