import { test } from 'node:test';
import { sweepStart } from '../system/kill-at.ts';

test('start killed at every change never makes two inits', t => sweepStart(t, 1));
