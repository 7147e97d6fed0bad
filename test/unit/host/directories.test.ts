import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectories } from '../../../src/host/directories.ts';

test('directories are made with their parents, and a filesystem that refuses them is told', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-directories-'));
  t.after(() => rmSync(directory, { recursive: true }));
  assert.equal(makeDirectories(join(directory, 'a/b/c'), 0o700), join(directory, 'a'));
  assert.equal(makeDirectories(join(directory, 'a/b/c'), 0o755), undefined);
  assert.equal(statSync(join(directory, 'a/b/c')).mode & 0o777, 0o700);
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => makeDirectories(join(directory, 'file'), 0o700), { code: 'EEXIST' });
  assert.throws(() => makeDirectories(join(directory, 'file/x'), 0o700), { code: 'ENOTDIR' });
  // Node's own recursive mkdir does not come back from this.
  assert.throws(() => makeDirectories('/proc/x', 0o700), { code: 'ENOENT' });
});
