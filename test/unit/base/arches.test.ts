import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARCH_WORDS, archReadBack, PER_LINUX, PER_LINUX32, personality } from '../../../src/base/arches.ts';

test('arch words and how they read back', () => {
  assert.equal(personality('i386'), PER_LINUX32);
  assert.equal(personality('amd64'), PER_LINUX);
  assert.equal(personality('pdp11'), undefined);
  for (const word of ARCH_WORDS) assert.notEqual(personality(word), undefined);
  assert.equal(archReadBack('armhf'), 'i686');
  assert.equal(archReadBack('armhf', 'aarch64'), 'armv7l');
  assert.equal(archReadBack('amd64', 'aarch64'), 'aarch64');
});
