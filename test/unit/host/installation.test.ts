import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../../src/host/installation.ts';

test('the installation is the directory of tslxc’s own package.json', () => {
  const { root, version, executor } = installation();
  const file = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  assert.equal(file.name, 'tslxc');
  assert.equal(version, file.version);
  assert.equal(executor, join(root, 'dist/native/tslxc-executor'));
  assert.ok(existsSync(join(root, 'tsconfig.json')));
});
