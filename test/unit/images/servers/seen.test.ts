import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SeenServer } from '../../../../src/images/servers/seen.ts';

const SERVER = { url: 'https://images.test', isTrustedBlindly: false };
const OTHER = { url: 'https://other.test', isTrustedBlindly: false };

function stateDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-seen-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('an index older than the newest that was seen is refused, by server and path, in this process and the next', t => {
  const state = stateDirectory(t);
  const seen = new SeenServer(state, SERVER);
  assert.equal(seen.wasSigned, false);
  for (const seconds of [1000, 1000, 2000])
    assert.equal(seen.signedAt('a', 'https://images.test/a', seconds), undefined);
  for (const again of [seen, new SeenServer(state, SERVER)]) {
    assert.equal(again.wasSigned, true);
    assert.throws(() => again.signedAt('a', 'https://images.test/a', 1999), {
      code: 'IMAGE_INDEX_OLD',
      message:
        'https://images.test/a was signed on 1970-01-01 00:33:19, and one of 1970-01-01 00:33:20 was seen already: an old index is played back',
    });
  }
  assert.equal(seen.signedAt('b', 'https://images.test/b', 5), undefined);
  assert.equal(new SeenServer(state, OTHER).signedAt('a', 'https://other.test/a', 5), undefined);
});

test('what is told the first time is told once', t => {
  const state = stateDirectory(t);
  assert.equal(new SeenServer(state, SERVER).tellsFirst(), true);
  assert.equal(new SeenServer(state, SERVER).tellsFirst(), false);
  assert.equal(new SeenServer(state, OTHER).tellsFirst(), true);
});

test('a damaged memory is not taken for none: a replay would pass', t => {
  const state = stateDirectory(t);
  new SeenServer(state, SERVER).signedAt('a', 'https://images.test/a', 1000);
  const directory = join(state, '.image-servers');
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  const file = join(directory, readdirSync(directory)[0] ?? '');
  for (const text of ['', '{', 'null', '{"url":"x","signed":{"a":"b"}}', '[]']) {
    writeFileSync(file, text);
    assert.throws(() => new SeenServer(state, SERVER), { code: 'STATE_INVALID' }, text);
  }
});
