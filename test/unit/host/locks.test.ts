import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLocked, takeLock, tryLock } from '../../../src/host/locks.ts';

function inDirectory(): { path: string; [Symbol.dispose](): void } {
  const directory = mkdtempSync(join(tmpdir(), 'tslxc-test-locks-'));
  return { path: join(directory, 'run'), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

test('a lock excludes others until it is released', () => {
  using at = inDirectory();
  const lock = tryLock(at.path);
  assert.ok(lock);
  assert.equal(statSync(at.path).mode & 0o777, 0o600);
  assert.equal(tryLock(at.path), undefined);
  assert.equal(isLocked(at.path), true);
  lock.release();
  assert.equal(isLocked(at.path), false);
  const again = tryLock(at.path);
  assert.ok(again);
  again.release();
});

test('looking at a lock that was never made makes nothing', () => {
  using at = inDirectory();
  assert.equal(isLocked(at.path), false);
  assert.equal(statSync(at.path, { throwIfNoEntry: false }), undefined);
});

test('another process sees the lock, and a child that was given the descriptor keeps it', () => {
  using at = inDirectory();
  const lock = tryLock(at.path);
  assert.ok(lock);
  const seen = execFileSync('/usr/bin/python3', ['-c', SEEN_BY_OTHERS, at.path], { encoding: 'utf8' });
  assert.equal(seen.trim(), 'locked');
  lock.release();
});

test('a waiter gets the lock when it is released', async () => {
  using at = inDirectory();
  const lock = tryLock(at.path);
  assert.ok(lock);
  assert.equal(await takeLock(at.path, 30), undefined);
  const waiting = takeLock(at.path, 5000);
  lock.release();
  const taken = await waiting;
  assert.ok(taken);
  taken.release();
});

test('a lock on a file that was removed meanwhile is not taken for one', () => {
  using at = inDirectory();
  const old = tryLock(at.path);
  assert.ok(old);
  rmSync(at.path);
  const fresh = tryLock(at.path);
  assert.ok(fresh);
  assert.equal(tryLock(at.path), undefined);
  old.release();
  assert.equal(isLocked(at.path), true);
  fresh.release();
});

const SEEN_BY_OTHERS = `
import fcntl, struct, sys
f = open(sys.argv[1], 'r+')
flock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
kind = struct.unpack('hhqqi4x', fcntl.fcntl(f, 36, flock))[0]  # F_OFD_GETLK
print('free' if kind == fcntl.F_UNLCK else 'locked')
`;
