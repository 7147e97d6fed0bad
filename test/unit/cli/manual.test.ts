import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../src/cli/command.ts';
import { manualPage } from '../../../src/cli/manual.ts';

const command: Command = {
  name: 'probe',
  summary: 'Look at things',
  synopsis: '--name=NAME [-- COMMAND]',
  description: 'First.\n\n.leading dot',
  nameFrom: 'option',
  options: {
    loud: { short: 'L', long: 'loud', summary: 'say more' },
    level: { long: 'level', arg: '[N]', summary: 'how much' },
  },
  run: async () => 0,
};

test('a manual page has every option, and nothing that roff would take for its own', () => {
  const page = manualPage(command, 'tslxc-probe', '1.2');
  assert.match(page, /^\.TH "TSLXC\\-PROBE" 1 "" "tslxc 1\.2"/);
  assert.match(page, /^tslxc\\-probe \\- look at things$/m);
  assert.match(page, /^\\fB\\-L\\fR, \\fB\\-\\-loud\\fR$/m);
  assert.match(page, /^\\fB\\-\\-level\\fR\[=\\fIN\\fR\]$/m);
  assert.match(page, /^\\&\.leading dot$/m);
  assert.match(page, /\\-\\-lxcpath/);
});
