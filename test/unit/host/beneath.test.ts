import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { O_PATH, openBeneath, RESOLVE } from '../../../src/host/beneath.ts';
import { connectUnix, peerCredentials } from '../../../src/host/unix-socket.ts';

function temporary(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'tslxc-test-beneath-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('links of a hostile tree lead nowhere outside it', () => {
  using at = temporary();
  mkdirSync(join(at.path, 'etc'));
  writeFileSync(join(at.path, 'etc/hostname'), 'inside');
  symlinkSync('/etc/hostname', join(at.path, 'absolute'));
  symlinkSync('../../../../../etc/hostname', join(at.path, 'upwards'));
  symlinkSync('/proc/self/root/etc/hostname', join(at.path, 'magic'));
  const root = openSync(at.path, O_PATH | constants.O_DIRECTORY);
  try {
    for (const name of ['etc/hostname', 'absolute', 'upwards', '/../etc/hostname']) {
      const fd = openBeneath(root, name, constants.O_RDONLY);
      assert.equal(readFileSync(fd, 'utf8'), 'inside', name);
      closeSync(fd);
    }
    assert.throws(() => openBeneath(root, 'magic', constants.O_RDONLY), {
      code: 'ENOENT',
      syscall: 'openat2',
      path: 'magic',
    });
    assert.throws(
      () => openBeneath(root, 'absolute', constants.O_RDONLY, RESOLVE.beneath | RESOLVE.noSymlinks),
      { code: 'ELOOP' },
    );
    assert.throws(() => openBeneath(root, '../x', constants.O_RDONLY, RESOLVE.beneath), { code: 'EXDEV' });
  } finally {
    closeSync(root);
  }
});

test('a socket in a directory deeper than sun_path is reached', async () => {
  using at = temporary();
  const deep = join(at.path, 'd'.repeat(100), 'e'.repeat(100));
  mkdirSync(deep, { recursive: true });
  const directory = openSync(deep, O_PATH | constants.O_DIRECTORY);
  const server = createServer();
  await new Promise<void>(resolve => server.listen(`/proc/self/fd/${directory}/control`, resolve));
  const fd = connectUnix(join(deep, 'control'));
  assert.equal(peerCredentials(fd).pid, process.pid);
  closeSync(fd);
  await new Promise(resolve => server.close(resolve));
  closeSync(directory);
  assert.throws(() => connectUnix(join(deep, 'nobody')), { code: 'ENOENT', syscall: 'connect' });
});
