import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CAPABILITY_NAMES, capabilityName, capabilityNumber } from '../../../src/base/capabilities.ts';

test('names and numbers', () => {
  for (const [name, number] of [
    ['chown', 0],
    ['sys_admin', 21],
    ['mknod', 27],
    ['checkpoint_restore', 40],
    ['3', 3],
    ['63', 63],
  ] as const)
    assert.equal(capabilityNumber(name), number);
  for (const word of ['CHOWN', 'cap_chown', '64', '', '-1', 'none'])
    assert.equal(capabilityNumber(word), undefined, word);
  assert.equal(capabilityName(21), 'sys_admin');
  assert.equal(capabilityName(50), '50');
});

test('no capability of this kernel is missing by name', () => {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  assert.ok(CAPABILITY_NAMES.length > last, `the kernel knows ${last + 1}`);
});
