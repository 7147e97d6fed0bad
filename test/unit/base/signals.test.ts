import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { parseSignal, signalName } from '../../../src/base/signals.ts';

test('names have the numbers of this system', () => {
  for (const [name, number] of Object.entries(constants.signals))
    assert.equal(parseSignal(name), number, name);
});

test('numbers, case, real-time signals, and what is none', () => {
  for (const [text, number] of [
    ['9', 9],
    ['64', 64],
    ['sigpwr', 30],
    ['SIGRTMIN+0', 34],
    ['SIGRTMIN+3', 37],
    ['SIGRTMAX-1', 63],
    ['SIGRTMAX-30', 34],
  ] as const)
    assert.equal(parseSignal(text), number, text);
  for (const text of ['', '0', '65', '-1', 'KILL', 'SIGRTMIN', 'SIGRTMIN+31', 'SIGRTMAX-31', '9x', 'SIGFOO'])
    assert.equal(parseSignal(text), undefined, text);
  assert.equal(parseSignal('0', true), 0);
});

test('every signal has a name that reads back', () => {
  for (let signal = 1; signal <= 64; signal++) assert.equal(parseSignal(signalName(signal)), signal);
  assert.equal(signalName(37), 'SIGRTMIN+3');
});
