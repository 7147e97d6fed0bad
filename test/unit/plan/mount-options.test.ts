import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOptions } from '../../../src/plan/mount-options.ts';

const origin = { file: 'config', line: 7 };
const parse = (text: string) => mountOptions(text.split(','), origin);

test('each option goes to what carries it out', () => {
  assert.deepEqual(parse('bind,ro,nosuid,create=dir,optional,rslave,size=1m'), {
    kind: 'bind',
    set: ['ro', 'nosuid'],
    propagation: { word: 'slave', recursive: true },
    create: 'directory',
    optional: true,
    relative: false,
    data: ['size=1m'],
  });
  assert.deepEqual(parse('defaults'), { kind: 'fs', set: [], optional: false, relative: false, data: [] });
  assert.equal(parse('rbind,idmap=container').idmap, 'container');
  assert.deepEqual(parse('sync,lazytime').data, ['sync', 'lazytime']);
});

test('the later of two opposite options wins', () => {
  assert.deepEqual(parse('ro,rw').set, []);
  assert.deepEqual(parse('suid,nosuid').set, ['nosuid']);
  assert.deepEqual(parse('strictatime,relatime').set, []);
});

test('a wrong create is refused with its line', () => {
  assert.throws(() => parse('bind,create=link'), {
    code: 'CANNOT_START',
    message: 'mount option create=link: it is create=dir or create=file',
  });
});
