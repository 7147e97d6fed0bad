import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFstab, writeMountEntry } from '../../../src/config/fstab.ts';

test('an fstab file: comments and blanks skipped, fields unescaped, places kept, all problems told', () => {
  const { entries, problems } = parseFstab(
    '# c\n\n/a\\040b\tmnt ext4 ro,noatime 0 0\n  broken\nproc p\n',
    'fstab',
  );
  assert.deepEqual(
    entries.map(({ value, origin }) => [
      value.source,
      value.target,
      value.type,
      value.options,
      'line' in origin && origin.line,
    ]),
    [
      ['/a b', 'mnt', 'ext4', ['ro', 'noatime'], 3],
      ['proc', 'p', 'none', ['defaults'], 5],
    ],
  );
  assert.deepEqual(
    problems.map(problem => `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`),
    ['fstab:4:3: a mount needs a source and a target'],
  );
});

test('an entry made of fields is written escaped', () => {
  const entry = { source: '/a b#', target: 't\\x', type: 'none', options: ['bind', 'ro'] };
  assert.equal(writeMountEntry(entry), '/a\\040b\\043 t\\134x none bind,ro 0 0');
});
