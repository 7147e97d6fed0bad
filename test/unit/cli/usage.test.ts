import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../src/cli/command.ts';
import { help, usage } from '../../../src/cli/usage.ts';

const command: Command = {
  name: 'try',
  summary: 'Try',
  synopsis: '--name=NAME',
  description: 'Try things',
  nameFrom: 'option-or-positional',
  options: {
    list: { short: 'l', long: 'list', summary: 'list\nall of it' },
    secret: { long: 'secret', summary: 'not shown', hidden: true },
    level: { short: 'e', long: 'elevated-privileges', arg: '[PRIVILEGES]', summary: 'lift' },
  },
  run: async () => 0,
};

test('help: name first, --rcfile last, further lines of a summary beneath the first', () => {
  const lines = help(command, 'tslxc-try').split('\n');
  const own = lines.slice(lines.indexOf('Options :') + 1, lines.indexOf('Common options :') - 1);
  assert.match(own[0] ?? '', /^ {2}-n, --name=NAME +NAME of the container$/);
  assert.match(own.at(-1) ?? '', /^ {6}--rcfile=FILE +Load/);
  assert.ok(own.some(line => /^ +all of it$/.test(line)));
  assert.ok(!help(command, 'x').includes('secret'));
});

test('help: a letter that the verb uses is not shown for the common option too', () => {
  const text = help(command, 'tslxc-try');
  assert.match(text, /^ {2}-l, --list/m);
  assert.match(text, /^ {6}--logpriority=LEVEL/m);
});

test('usage: four words a line, the common ones last', () => {
  const lines = usage(command, 'tslxc-try').trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^Usage: tslxc-try \[-l\|--list\] \[-e\|--elevated-privileges=/);
  for (const line of lines) assert.ok((line.match(/\[/g)?.length ?? 0) <= 5);
  assert.match(lines.at(-1) ?? '', /\[--rcfile=RCFILE\]/);
});
