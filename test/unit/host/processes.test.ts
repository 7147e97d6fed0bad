import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { sealedMemfd } from '../../../src/host/memfd.ts';
import { openProcess, processStarttime } from '../../../src/host/processes.ts';
import {
  abstractAddresses,
  peerCredentials,
  receiveMessage,
  sendMessage,
  socketPair,
} from '../../../src/host/unix-socket.ts';

test('a pidfd waits for the end of a process that is not a child, and signals only that one', async () => {
  const child = spawn('/bin/sh', ['-c', 'setsid sleep 100 & echo $!'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const part of child.stdout) {
    text += part;
    if (text.includes('\n')) break;
  }
  const handle = openProcess(Number(text));
  assert.ok(handle);
  let ended = false;
  const exited = handle.exited().then(() => {
    ended = true;
  });
  assert.equal(ended, false);
  assert.equal(handle.signal(15), true);
  await exited;
  assert.equal(ended, true);
  handle.close();
});

test('a wait for the end of a process can be given up', async () => {
  const own = openProcess(process.pid);
  assert.ok(own);
  await assert.rejects(own.exited(AbortSignal.timeout(10)), { name: 'TimeoutError' });
  own.close();
});

test('a process that began at another time is not taken for the one that was meant', () => {
  const began = processStarttime(process.pid);
  assert.ok(began);
  openProcess(process.pid, began)?.close();
  assert.equal(openProcess(process.pid, began + 1n), undefined);
  assert.equal(openProcess(2 ** 22 - 1), undefined);
});

test('a sealed memfd holds the bytes and refuses to be changed', () => {
  const fd = sealedMemfd('tslxc-test', Buffer.from('plan'));
  assert.equal(readFileSync(`/proc/self/fd/${fd}`, 'utf8'), 'plan');
  assert.match(readlinkSync(`/proc/self/fd/${fd}`), /memfd:tslxc-test/);
  assert.throws(() => writeSync(fd, 'x', 0), { code: 'EPERM' });
  assert.throws(
    () => openSync(`/proc/self/fd/${fd}`, 'r+') && writeSync(openSync(`/proc/self/fd/${fd}`, 'r+'), 'x'),
    { code: 'EPERM' },
  );
  closeSync(fd);
});

test('a socket passes descriptors and says who is at the other end', () => {
  const [near, far] = socketPair();
  const memory = sealedMemfd('passed', Buffer.from('hello'));
  sendMessage(near, Buffer.from('!'), [memory]);
  const message = receiveMessage(far, 16);
  assert.equal(message.bytes.toString(), '!');
  const [copy] = message.descriptors;
  assert.ok(copy !== undefined && copy !== memory);
  assert.equal(readFileSync(`/proc/self/fd/${copy}`, 'utf8'), 'hello');
  assert.deepEqual(peerCredentials(far), {
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  for (const fd of [near, far, memory, copy]) closeSync(fd);
});

test('abstract addresses are read as LXC binds them', () => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
00000000e: 00000002 00000000 00010000 0001 01 25389 @/var/lib/lxc/c1/command
00000000f: 00000002 00000000 00010000 0001 01 25390 /run/a socket
00000000f: 00000002 00000000 00000000 0001 03 25391
`;
  assert.deepEqual([...abstractAddresses(table)], ['/var/lib/lxc/c1/command']);
});
