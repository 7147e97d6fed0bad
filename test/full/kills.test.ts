import { test } from 'node:test';
import { sweepCreate, sweepStart } from '../system/kill-at.ts';

test('create killed at every change leaves nothing half done', t => sweepCreate(t, 1));
test('start killed at every change never makes two inits', t => sweepStart(t, 1));
