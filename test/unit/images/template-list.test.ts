import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examineTemplates, listTemplates, templateHeader } from '../../../src/images/template-list.ts';

const HEADER = `#!/bin/sh
# A distribution.
# phases: base personalize
# builds: One 1 to 3
# builds: One 4
# releases: 3 4
# address: https://one.example/linux
# address: https://vault.example/linux (not verified from here)
set -eu
# builds: nothing, this is no header any more
`;

test('a header is what the comment at the head declares, and nothing further down', () => {
  assert.deepEqual(templateHeader(HEADER), {
    phases: ['base', 'personalize'],
    builds: ['One 1 to 3', 'One 4'],
    releases: ['3', '4'],
    addresses: [
      { url: 'https://one.example/linux', verified: true },
      { url: 'https://vault.example/linux', verified: false },
    ],
  });
  assert.deepEqual(templateHeader(''), { phases: [], builds: [], releases: [], addresses: [] });
});

function templatesDirectory(t: { after(run: () => void): void }, files: Readonly<Record<string, string>>) {
  const templates = mkdtempSync(join(tmpdir(), 'tslxctest-templates-'));
  t.after(() => rmSync(templates, { recursive: true }));
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(templates, name), text, { mode: 0o755 });
  return templates;
}

test('programs named tslxc-NAME are listed, and each is asked what this host lacks for it', async t => {
  const templates = templatesDirectory(t, {
    'tslxc-one': `${HEADER}[ "$*" = --phase=needs ] && printf 'dnf\\tdnf\\ngpg or gpgv\\tgnupg\\n'`,
    'tslxc-two': '#!/bin/sh\nexit 0\n',
    'tslxc-torn': '#!/bin/sh\necho "tslxc-torn: no such phase" >&2; exit 1\n',
    'engine.sh': '#!/bin/sh\n',
    'tslxc-one.orig': '#!/bin/sh\n',
  });
  const ours = listTemplates({ flavour: 'tslxc', templates }).filter(template => template.ours);
  assert.deepEqual(
    ours.map(({ name }) => name),
    ['one', 'torn', 'two'],
  );
  const [one, torn, two] = await examineTemplates(ours, process.env);
  assert.deepEqual(one?.lacks, [
    { program: 'dnf', package: 'dnf' },
    { program: 'gpg or gpgv', package: 'gnupg' },
  ]);
  assert.deepEqual([torn?.lacks, torn?.problem], [undefined, 'tslxc-torn: no such phase']);
  assert.deepEqual(two?.lacks, []);
});
