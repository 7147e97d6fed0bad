import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Harness, harness } from '../system/harness.ts';
import { flipped, folder, loopback, sharedData } from './loopback.ts';
import { entriesOf, takenRanges } from './places.ts';

const { directory: data, skip } = sharedData('el7-repo');
const KEY = join(data, '7/os/x86_64/RPM-GPG-KEY-tslxc-test');
const repositories = folder(data);
const PACKAGES = '/7/os/x86_64/Packages/';
const INSTALL_MS = 180_000;

const create = (h: Harness, words: readonly string[]) =>
  h.run('create', ['-n', h.name('x'), '-t', 'centos', '--', ...words], { timeoutMs: INSTALL_MS });

test('a package that the key did not sign, or that is not what the index says, is refused', {
  skip,
}, async t => {
  const h = harness(t);
  const name = readdirSync(join(data, PACKAGES)).find(file => /^setup-/.test(file)) ?? '';
  const bytes = readFileSync(join(data, PACKAGES, name));
  const { url } = await loopback(t, path =>
    path === `${PACKAGES}${name}` ? flipped(bytes, -200) : repositories(path.replace('/honest', '')),
  );
  const stranger = throwAwayKey(h);
  const cases: [string, string[], RegExp][] = [
    [
      'another key',
      [`${url}/honest/7/os/x86_64/`, '--keyring', stranger],
      /is not signed by a key in .*stranger/,
    ],
    [
      'a flipped bit',
      [`${url}/7/os/x86_64`, '--keyring', KEY],
      /can't install CentOS 7 from .*\/7\/os\/x86_64\/: /,
    ],
    ['no key at all', [`${url}/7/os/x86_64`], /can't get https:.*CentOS-7: .*; or give --keyring FILE$/m],
  ];
  for (const [what, words, message] of cases) {
    const { status, stderr } = await create(h, ['--repo', ...words]);
    assert.equal(status, 1, what);
    assert.match(stderr, message, what);
    assert.deepEqual(entriesOf(h), [], what);
  }
  assert.deepEqual(takenRanges(h), []);
});

/** The public half of a key that signed nothing. */
function throwAwayKey(h: Harness): string {
  const home = mkdtempSync(join(h.directory, 'gnupg-'));
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  gpg('--passphrase', '', '--quick-generate-key', 'stranger@example.org', 'rsa2048', 'sign', 'never');
  execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  const file = join(h.directory, 'stranger');
  writeFileSync(file, gpg('--armor', '--export'));
  return file;
}

test('what the repository lacks is named before anything is installed', { skip }, async t => {
  const h = harness(t);
  const { url } = await loopback(t, repositories);
  const here = ['--keyring', KEY, '--repo', `${url}/7/os/x86_64`];
  const cases: [string[], RegExp][] = [
    [[...here, '--packages', 'no-such-thing'], /from .*\/7\/os\/x86_64\/: it has no package no-such-thing$/m],
    [
      [...here, '--repo', `${url}/8/`],
      /8\/ is not a repository of packages: it has no repodata\/repomd.xml$/m,
    ],
    [['--keyring', '/nowhere', ...here.slice(2)], /--keyring \/nowhere: there is no such file$/m],
  ];
  for (const [words, message] of cases) {
    const { status, stderr } = await create(h, words);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
});

test('words that could be more than a word are refused', t =>
  refuses(t, [
    [['-r', '5'], /CentOS has no release 5; there are 6 7 8 8-stream 9-stream 10-stream$/m],
    [['-r', '7 8'], /not a release: 7 8$/m],
    [['-a', 'x86_64;id'], /not an architecture/],
    [['--packages', 'a b'], /not a list of packages/],
    [['--packages', '--installroot=/'], /not a list of packages/],
    [['--repo', 'http://x/\nenabled=1'], /not a URL/],
    [['--repo', 'http://x/ $(id)'], /not a URL/],
    [['--baseurl', 'ftp://x/'], /not a URL of http, https or file/],
    [['--fqdn', 'a\nb'], /not a host name/],
    [['--ipv4', '10.0.0.2'], /not ADDRESS\/LENGTH/],
    [['--nonsense'], /unrecognized option/],
  ]));

async function refuses(t: TestContext, cases: readonly [string[], RegExp][]): Promise<void> {
  const h = harness(t);
  for (const [words, message] of cases) {
    const { status, stderr } = await create(h, words);
    assert.equal(status, 1, words.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(entriesOf(h), []);
}
