// Creation killed at each of its calls that change something: the next command finds nothing half made, no container and no base.

import { test } from 'node:test';
import { sweepCreate } from '../system/kill-at.ts';

test('a first create killed at every change leaves nothing half done', t => sweepCreate(t, 'first', 1));
test('a second create killed at every change leaves nothing half done', t => sweepCreate(t, 'second', 1));
test('a create in a user namespace killed at every change leaves nothing half done', t =>
  sweepCreate(t, 'mapped', 1));
