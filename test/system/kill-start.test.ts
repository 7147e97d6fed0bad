import { test } from 'node:test';
import { sweepStart } from './kill-at.ts';

test('start killed at every tenth change never makes two inits', t => sweepStart(t, 10));
