// tslxc-templates on this host, and on one whose PATH is bare.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });

interface Template {
  readonly name: string;
  readonly path: string;
  readonly ours: boolean;
  readonly phases: readonly string[];
  readonly builds: readonly string[];
  readonly addresses: readonly { readonly url: string; readonly verified: boolean }[];
  readonly lacks: readonly { readonly program: string; readonly package: string }[] | null;
  readonly problem: string | null;
}

const list = async (...words: string[]): Promise<Template[]> =>
  JSON.parse((await h.ok('templates', ['--format', 'json', ...words])).stdout);

test('every template of ours is listed, says what it builds and what it needs; -t finds each by its name', async () => {
  const all = await list();
  const ours = readdirSync(installation().templates)
    .filter(name => name.startsWith('tslxc-'))
    .map(name => name.slice('tslxc-'.length));
  const listed = all.filter(template => template.ours);
  assert.deepEqual(listed.map(({ name }) => name).sort(), ours.sort());
  for (const template of listed) {
    assert.notEqual(template.builds.length, 0, `${template.name} has no line "# builds: "`);
    assert.deepEqual([template.problem, Array.isArray(template.lacks)], [null, true], template.name);
    assert.equal(template.path, join(installation().templates, `tslxc-${template.name}`));
  }
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length, 'each has a name of its own');
});

test('as text: names, bases, builds, addresses; one by name; yaml', async () => {
  const { stdout } = await h.ok('templates', []);
  assert.match(stdout, /^TEMPLATE +BASE +BUILDS$/m);
  assert.match(stdout, /^busybox +yes +the host's busybox$/m);
  assert.match(stdout, /^debian +yes +Debian .*\n {10,}http:\/\/deb\.debian\.org\/debian$/m);
  assert.match(stdout, /^BASE: made once and kept/m);
  for (const line of stdout.split('\n')) assert.equal(line, line.trimEnd());
  const one = await h.ok('templates', ['busybox']);
  assert.equal(one.stdout.split('\n')[1]?.startsWith('busybox '), true);
  assert.doesNotMatch(one.stdout, /debian/);
  assert.match((await h.ok('templates', ['busybox', '--format=yaml'])).stdout, /^- name: busybox\n/);
});

/** In a mount namespace of its own, those programs are no programs. */
const WITHOUT = `verb=$1; shift
for program in "$@"; do
  file=$(command -v "$program") && mount --bind /dev/null "$file"
done
exec "$verb" debian`;

test('what this host lacks is named with its package', {
  skip: process.getuid?.() === 0 ? false : 'only root can hide programs',
}, () => {
  const verb = join(installation().root, 'dist/bin/tslxc-templates');
  const words = ['--mount', 'sh', '-c', WITHOUT, 'sh', verb, 'mmdebstrap', 'debootstrap'];
  const { stdout, stderr } = spawnSync('unshare', words, { env: h.env, encoding: 'utf8' });
  assert.match(stdout, /^ +this host lacks mmdebstrap or debootstrap: install mmdebstrap$/m, stderr);
});

test('an unknown word is refused with where to look', async () => {
  const { status, stderr, stdout } = await h.run('templates', ['no-such']);
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(
    stderr,
    'tslxc-templates: there is no template "no-such"\n  hint: tslxc-templates alone lists them all\n',
  );
});
