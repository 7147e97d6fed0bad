import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executorOf } from '../../../src/bin/invocation.ts';

test('TSLXC_EXECUTOR names another executor, by its absolute path', () => {
  assert.equal(executorOf({ TSLXC_EXECUTOR: '/x/executor' }), '/x/executor');
  assert.equal(executorOf({ TSLXC_EXECUTOR: 'executor' }), undefined);
  assert.equal(executorOf({ TSLXC_EXECUTOR: '' }), undefined);
  assert.equal(executorOf({}), undefined);
});

test('TSLXC_EXECUTOR is not heeded in a process that has more rights than its caller', () => {
  const env = { TSLXC_EXECUTOR: '/x/executor' };
  assert.equal(executorOf(env, [1000, 1000, 1000, 1000]), '/x/executor');
  assert.equal(executorOf(env, [1000, 0, 1000, 1000]), undefined);
  assert.equal(executorOf(env, [1000, 1000, 1000, 0]), undefined);
});
