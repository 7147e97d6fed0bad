import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sourcesBelow } from './sources.ts';

const makefile = sourcesBelow('native', ['Makefile'])[0]?.text ?? '';
const DEFENCES = /^DEFENCES := (.*)$/m.exec(makefile)?.[1]?.split(' ') ?? [];

/** Name → the file it is in, of the comment above the list. */
const DOCUMENTED = new Map(
  [...makefile.matchAll(/^# {3}(\w+) {2,}\S.* {2,}(\w+\.c)$/gm)].map(match => [match[1], match[2]]),
);

test('each defence that can be left out is one #ifdef in the file that the Makefile names, and there is no other', () => {
  const found = sourcesBelow('native/executor', ['.c', '.h']).flatMap(({ path, text }) =>
    [...text.matchAll(/\bBREAK_(\w+)/g)].map(match => `${match[1]} ${path.replace('native/executor/', '')}`),
  );
  assert.ok(DEFENCES.length >= 9, 'the list was read');
  assert.deepEqual([...DOCUMENTED.keys()], DEFENCES, 'the comment explains the list');
  assert.deepEqual(found.sort(), DEFENCES.map(name => `${name} ${DOCUMENTED.get(name)}`).sort());
});

test('make refuses to leave out what is no defence, and says which there are', () => {
  const { status, stderr } = spawnSync('make', ['-C', join(root, 'native'), 'BREAK=everything'], {
    encoding: 'utf8',
  });
  assert.notEqual(status, 0);
  assert.match(stderr, /everything: no such defence; there are: nodev /);
});
