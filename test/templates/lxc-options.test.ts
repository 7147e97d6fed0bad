// Who has called LXC's templates for years finds their options in ours: taken where they mean something, else refused by a line that
// says what does the same.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const LXC_TEMPLATES = '/usr/share/lxc/templates';
/** What LXC itself passes. */
const INTERNAL = ['h', 'n', 'p', 'help', 'name', 'path', 'rootfs', 'mapped-uid', 'mapped-gid'];

/** The options in a template's call of getopt, each as it is written in a command line. */
function optionsOf(script: string): string[] {
  const text = readFileSync(script, 'utf8').replaceAll(/\\\n\s*/g, '');
  const [, short = '', long = ''] = /getopt -o (\S+) -l ([\w:,\- ]+?) *-- /.exec(text) ?? [];
  const letters = [...short.matchAll(/(\w)(:?)/g)].map(([, name = '', colon]) => ({
    name,
    colon,
    dash: '-',
  }));
  const words = long
    .split(/[, ]+/)
    .map(word => ({ name: word.replace(':', ''), colon: word.at(-1), dash: '--' }));
  return [...letters, ...words]
    .filter(({ name }) => name !== '' && !INTERNAL.includes(name))
    .flatMap(({ name, colon, dash }) => (colon === ':' ? [`${dash}${name} x`] : [`${dash}${name}`]));
}

const skip = existsSync(LXC_TEMPLATES) ? false : 'the package lxc-templates is not installed';

test('options of LXC’s templates are options of ours of the same name', { skip }, t => {
  const { templates } = installation();
  const names = readdirSync(templates)
    .filter(name => existsSync(join(LXC_TEMPLATES, name.replace('tslxc-', 'lxc-'))))
    .map(name => name.replace('tslxc-', ''));
  assert.ok(names.length > 5, String(names));
  const unknown: string[] = [];
  let tried = 0;
  for (const name of names)
    for (const option of optionsOf(join(LXC_TEMPLATES, `lxc-${name}`))) {
      // A phase that there is not: nothing is done but to read the options.
      const words = ['--phase=options', '--path=/', '--name=x', '--rootfs=/', ...option.split(' ')];
      const { stderr } = spawnSync(join(templates, `tslxc-${name}`), words, { encoding: 'utf8' });
      tried += 1;
      if (
        /unrecognized option|invalid option|ambiguous|requires an argument|allow an argument|unexpected argument/.test(
          stderr,
        )
      )
        unknown.push(`${name} ${option}: ${stderr.trim()}`);
      else if (option !== '-d' && option !== '--debug')
        assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    }
  t.diagnostic(`${tried} options of ${names.length} templates: ${names.join(' ')}`);
  assert.ok(tried > 40);
  assert.deepEqual(unknown, []);
});
