import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { RANGE_IDS } from '../../../src/base/id-spans.ts';
import { allocateRange, releaseRanges } from '../../../src/storage/id-ranges.ts';

const FIRST = 1_500_000_000;

function place(t: TestContext, ranges: number) {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-ids-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const lxcpath = join(directory, 'lxc');
  mkdirSync(lxcpath);
  const settings = {
    stateDir: join(directory, 'state'),
    subuidFile: join(directory, 'subuid'),
    subgidFile: join(directory, 'subgid'),
  };
  for (const file of [settings.subuidFile, settings.subgidFile]) {
    writeFileSync(file, `root:${FIRST}:${RANGE_IDS * ranges}\n`);
  }
  const registered = () => readdirSync(join(settings.stateDir, '.ids')).filter(name => /^\d/.test(name));
  return { directory, lxcpath, settings, registered };
}

test('ranges are taken in order, given back, and taken again', async t => {
  const { lxcpath, settings, registered } = place(t, 3);
  const take = (id: string) => allocateRange(settings, { lxcpath, name: id, id });
  assert.equal((await take('a')).first, FIRST);
  assert.equal((await take('b')).first, FIRST + RANGE_IDS);
  await releaseRanges(settings, 'a');
  assert.deepEqual(registered(), [String(FIRST + RANGE_IDS)]);
  assert.equal((await take('c')).first, FIRST);
  await releaseRanges(settings, 'nobody');
  assert.equal(registered().length, 2);
});

test('with none free the error names both files and the line to add', async t => {
  const { lxcpath, settings } = place(t, 1);
  await allocateRange(settings, { lxcpath, name: 'a', id: 'a' });
  await assert.rejects(allocateRange(settings, { lxcpath, name: 'b', id: 'b' }), {
    code: 'NO_ID_RANGE',
    hint: `add a line like root:FIRST:268435456 to ${settings.subuidFile} and to ${settings.subgidFile}`,
  });
});

/** A process of its own, so that "the builder has ended" becomes true. */
async function takeInOtherProcess(settings: object, holder: object): Promise<string> {
  const module = pathToFileURL(join(import.meta.dirname, '../../../src/storage/id-ranges.js')).href;
  const script = `import { allocateRange } from ${JSON.stringify(module)};
    process.stdout.write(String((await allocateRange(${JSON.stringify(settings)}, ${JSON.stringify(holder)})).first));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return stdout;
}

test('twenty processes at once get twenty different ranges', async t => {
  const { lxcpath, settings, registered } = place(t, 20);
  const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
  const bases = await Promise.all(
    names.map(name => takeInOtherProcess(settings, { lxcpath, name, id: name })),
  );
  assert.equal(new Set(bases).size, 20);
  assert.equal(registered().length, 20);
});

test('a stale range is taken back only when its container is surely gone', async t => {
  const { directory, lxcpath, settings } = place(t, 3);
  const other = join(directory, 'disk');
  mkdirSync(other);
  const id = '11111111-2222-4333-8444-555555555555';
  await takeInOtherProcess(settings, { lxcpath, name: 'here', id });
  await takeInOtherProcess(settings, { lxcpath: other, name: 'away', id: 'away' });
  const gone = await takeInOtherProcess(settings, { lxcpath, name: 'gone', id: 'gone' });
  mkdirSync(join(lxcpath, 'here/.tslxc'), { recursive: true });
  writeFileSync(join(lxcpath, 'here/.tslxc/id'), `${id}\n`);
  rmSync(other, { recursive: true }); // as an unmounted disk looks
  const range = await allocateRange(settings, { lxcpath, name: 'next', id: 'next' });
  assert.equal(String(range.first), gone);
  await assert.rejects(allocateRange(settings, { lxcpath, name: 'more', id: 'more' }), {
    code: 'NO_ID_RANGE',
  });
});

test('the registry is root’s alone, and complete entries are all there is', async t => {
  const { lxcpath, settings } = place(t, 1);
  await allocateRange(settings, { lxcpath, name: 'a', id: 'a' });
  const ids = join(settings.stateDir, '.ids');
  assert.equal(statSync(ids).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(ids), [String(FIRST)]);
});
