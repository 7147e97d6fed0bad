import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findStore, storedBytes } from '../../../src/storage/store.ts';

test('-B: a word, or the first of a list that tslxc has', () => {
  const types = ['dir', 'none', 'overlay', 'overlayfs', 'best', 'lvm,overlay', 'zfs,dir'].map(
    word => findStore(word).type,
  );
  assert.deepEqual(types, ['dir', 'dir', 'overlay', 'overlay', 'dir', 'overlay', 'dir']);
  assert.throws(() => findStore('btrfs'), { code: 'STORE_UNSUPPORTED' });
  assert.throws(() => findStore('zfs,lvm'), { code: 'STORE_UNSUPPORTED' });
  for (const word of ['', 'floppy', 'dir;id', '--help'])
    assert.throws(() => findStore(word), { code: 'BAD_ARGUMENT' });
});

test('what each store makes, and what the config says of it', t => {
  const building = mkdtempSync(join(tmpdir(), 'tslxctest-store-'));
  t.after(() => rmSync(building, { recursive: true }));
  const place = { building, final: '/p/c' };
  assert.equal(findStore('dir').spec(place), 'dir:/p/c/rootfs');
  const overlay = findStore('overlay');
  assert.equal(overlay.spec(place), 'overlay:/p/c/rootfs:/p/c/overlay/delta');
  overlay.create(place);
  for (const made of ['rootfs', 'overlay/delta', 'overlay/work']) {
    assert.equal(statSync(join(building, made)).mode & 0o777, 0o755);
  }
  assert.throws(() => overlay.check({ building, final: '/p/a:b' }), { code: 'BAD_ARGUMENT' });
});

test('its size is what lies on the disk', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'tslxctest-store-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'file'), Buffer.alloc(1 << 20, 1));
  const bytes = await storedBytes(directory);
  assert.ok(bytes >= 1 << 20 && bytes < 2 << 20, String(bytes));
  await assert.rejects(storedBytes(join(directory, 'none')), { code: 'SIZE_UNKNOWN' });
});
