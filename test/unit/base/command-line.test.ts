import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinCommand, splitCommand } from '../../../src/base/command-line.ts';

test('a command is split on blanks, and quotes hold blanks together', () => {
  const cases: [string, string[]][] = [
    ['/sbin/init', ['/sbin/init']],
    ['  /usr/bin/app --flag  x ', ['/usr/bin/app', '--flag', 'x']],
    [`nginx -g 'daemon off;'`, ['nginx', '-g', 'daemon off;']],
    [`sh -c "echo 'a b'" ''`, ['sh', '-c', "echo 'a b'", '']],
    [`say 'it'"'"'s "so"'`, ['say', `it's "so"`]],
    ['a="b c"', ['a="b', 'c"']],
    ["'open", ["'open"]],
    ['', []],
  ];
  for (const [text, words] of cases) assert.deepEqual(splitCommand(text), words, text);
});

test('what is joined splits into the same words', () => {
  const word = fc.string({ unit: fc.constantFrom('a', "'", '"', ' ', '\t', '\\', '$', 'ä') });
  fc.assert(fc.property(fc.array(word), words => assert.deepEqual(splitCommand(joinCommand(words)), words)));
});
