import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTemplate, templateArguments } from '../../../src/images/template.ts';

test('a template is a program by its name or its absolute path, and nothing else', t => {
  const templates = mkdtempSync(join(tmpdir(), 'tslxctest-templates-'));
  t.after(() => rmSync(templates, { recursive: true }));
  for (const [name, mode] of [
    ['tslxc-good', 0o755],
    ['tslxc-plain', 0o644],
  ] as const) {
    writeFileSync(join(templates, name), '');
    chmodSync(join(templates, name), mode);
  }
  mkdirSync(join(templates, 'tslxc-directory'));
  const find = (word: string) => findTemplate(word, { flavour: 'tslxc', templates });
  assert.deepEqual(find('good'), { path: join(templates, 'tslxc-good'), ours: true, twoPhases: false });
  assert.deepEqual(find(join(templates, 'tslxc-good')), {
    path: join(templates, 'tslxc-good'),
    ours: false,
    twoPhases: false,
  });
  for (const word of [
    '',
    'plain',
    'directory',
    'none-such',
    '../tslxc-good',
    './good',
    'a\nb',
    '/etc/passwd',
  ]) {
    assert.throws(() => find(word), { code: 'TEMPLATE_UNKNOWN' }, word);
  }
});

test('it is called with LXC’s words, then the user’s own', () => {
  assert.deepEqual(templateArguments({ path: '/p/c', name: 'c', rootfs: '/p/c/rootfs' }, ['-r', 'sid']), [
    '--path=/p/c',
    '--name=c',
    '--rootfs=/p/c/rootfs',
    '-r',
    'sid',
  ]);
});
