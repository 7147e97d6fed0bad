import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from '../../../src/base/spelling.ts';

test('the nearest word, when one is near', () => {
  const words = ['lxc.uts.name', 'lxc.tty.max', 'lxc.hook'];
  assert.equal(closest('lxc.uts.nam', words), 'lxc.uts.name');
  assert.equal(closest('lxc.tty.mx', words), 'lxc.tty.max');
  assert.equal(closest('lxc.foo', words), undefined);
  assert.equal(closest('', words), undefined);
});
