import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSubids, ROOT_SPAN_IDS, spansOverlap } from '../../../src/base/id-spans.ts';
import { ensureRootSpan } from '../../../src/storage/root-span.ts';

function files(t: TestContext, subuid?: string, subgid = subuid) {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-span-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const settings = {
    stateDir: join(directory, 'state'),
    subuidFile: join(directory, 'subuid'),
    subgidFile: join(directory, 'subgid'),
  };
  if (subuid !== undefined) writeFileSync(settings.subuidFile, subuid, { mode: 0o640 });
  if (subgid !== undefined) writeFileSync(settings.subgidFile, subgid);
  return { directory, settings };
}

test('a host without the files gets them, with one line for root', async t => {
  const { directory, settings } = files(t);
  const span = await ensureRootSpan(settings);
  assert.deepEqual(span.added, [settings.subuidFile, settings.subgidFile]);
  assert.ok(span.count >= ROOT_SPAN_IDS);
  for (const file of span.added)
    assert.equal(readFileSync(file, 'utf8'), `root:${span.first}:${span.count}\n`);
  assert.deepEqual(readdirSync(directory).sort(), ['subgid', 'subuid']);
});

test('lines that are there keep their bytes, also one without a newline, and are not overlapped', async t => {
  const text = '# ours\nbob:1878917120:65536\n\nalice:1:1';
  const { settings } = files(t, text);
  const span = await ensureRootSpan(settings);
  const after = readFileSync(settings.subuidFile, 'utf8');
  assert.equal(after, `${text}\nroot:${span.first}:${span.count}\n`);
  for (const line of parseSubids(text)) assert.ok(!spansOverlap(line, span));
  assert.equal(statSync(settings.subuidFile).mode & 0o777, 0o640);
});

test('root’s own line is enough, and nothing is written', async t => {
  const text = 'root:100000:65536\n';
  const { settings } = files(t, text);
  assert.deepEqual(await ensureRootSpan(settings), { first: 100000, count: 65536, added: [] });
  assert.equal(readFileSync(settings.subuidFile, 'utf8'), text);
  // Set-up wants room for thousands and adds a second line.
  assert.deepEqual((await ensureRootSpan(settings, 4096)).added, [settings.subuidFile, settings.subgidFile]);
  assert.ok(readFileSync(settings.subuidFile, 'utf8').startsWith(text));
});

test('twenty callers at once add one line', async t => {
  const { settings } = files(t);
  const spans = await Promise.all(Array.from({ length: 20 }, () => ensureRootSpan(settings)));
  assert.equal(spans.filter(({ added }) => added.length > 0).length, 1);
  assert.equal(parseSubids(readFileSync(settings.subuidFile, 'utf8')).length, 1);
});

test('a file that useradd holds is waited for', async t => {
  const { settings } = files(t, '');
  const lock = `${settings.subuidFile}.lock`;
  writeFileSync(lock, '1');
  let done = false;
  const span = ensureRootSpan(settings).then(() => {
    done = true;
  });
  await new Promise(resolve => setTimeout(resolve, 200));
  assert.equal(done, false);
  rmSync(lock);
  await span;
});
