import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPCODES } from '../../src/plan/opcodes.ts';
import { root, type Source, sourcesBelow } from './sources.ts';

/** What the live half serves is observed by real clients in test/system: console, monitor. */
const BY_CLIENTS = ['serve_console', 'serve_tty', 'serve_control'];

const ops = Object.keys(OPCODES);

/** Ops that no line of the sources starts with (a plan's text form has the op first). */
const without = (sources: readonly Source[]): string[] => {
  const text = sources.map(source => source.text).join('\n');
  return ops.filter(op => !new RegExp(`(^|["\\s\\\\n])${op}[ \\\\"]`, 'm').test(text));
};

test('every op has a native test that observes it', () => {
  const tests = sourcesBelow('native/executor', ['.c']).filter(({ path }) => /\/test_\w+\.c$/.test(path));
  assert.deepEqual(
    without(tests).filter(op => !BY_CLIENTS.includes(op)),
    [],
  );
});

test('every op has a golden line', {
  skip: existsSync(join(root, 'test/golden')) ? false : 'no golden plans here',
}, () => {
  assert.deepEqual(without(sourcesBelow('test/golden', ['.txt'])), []);
});
