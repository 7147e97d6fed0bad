import { test } from 'node:test';
import { sweepCreate } from './kill-at.ts';

test('a first create killed at every tenth change leaves nothing half done', t =>
  sweepCreate(t, 'first', 10));
test('a second create killed at every tenth change leaves nothing half done', t =>
  sweepCreate(t, 'second', 10));
