import { test } from 'node:test';
import { sweepCreate } from './kill-at.ts';

test('create killed at every tenth change leaves nothing half done', t => sweepCreate(t, 10));
