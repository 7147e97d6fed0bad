import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkContainerName } from '../../../src/base/container-names.ts';

const REFUSED = [
  '',
  '.',
  '..',
  '.ids',
  '-n',
  'a/b',
  '../x',
  'a\nb',
  'a\u0000',
  'a\u007fb',
  'a\u0085b',
  'x'.repeat(65),
];
const TAKEN = ['b1', 'web-1.example', 'A_b', 'ü', 'x'.repeat(64)];

for (const name of REFUSED) {
  test(`${JSON.stringify(name)} is no name`, () => {
    assert.throws(() => checkContainerName(name), { code: 'NAME_INVALID' });
  });
}

test('LXC’s usual names are names', () => {
  for (const name of TAKEN) checkContainerName(name);
});
