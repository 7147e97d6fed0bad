import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULES = new URL('../../../src/host/', import.meta.url).href;

/** Runs a module text in a Node of its own, which may replace itself. */
function runNode(text: string, input = ''): { status: number | null; stdout: string; stderr: string } {
  const program = `import { replaceProcess } from '${MODULES}exec.js';\nimport { sealedMemfd } from '${MODULES}memfd.js';\n${text}`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    input,
    encoding: 'utf8',
  });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

test('the program that replaces Node holds 0-2 and what it was given, and nothing of Node', () => {
  const done = runNode(`
    const fd = sealedMemfd('given', Buffer.from('given bytes'));
    replaceProcess({ path: '/bin/sh', argv: ['sh', '-c', 'cat <&3; echo; echo "$A"; cd /proc/self/fd; echo *; exit 7'],
      env: { A: 'b', PATH: '/bin:/usr/bin' }, descriptors: [fd] });`);
  assert.deepEqual([done.status, done.stderr], [7, '']);
  assert.deepEqual(done.stdout.split('\n').slice(0, 2), ['given bytes', 'b']);
  // The shell's own glob opens the directory it lists: one number more.
  assert.match(done.stdout.split('\n')[2] ?? '', /^0 1 2 3( \d+)?$/);
});

test('signals are as if Node had never been there', () => {
  const done = runNode(`
    process.on('SIGTERM', () => {}); process.on('SIGUSR2', () => {});
    replaceProcess({ path: '/bin/sed', argv: ['sed', '-n', '/^Sig[BIC]/p', '/proc/self/status'], env: {}, descriptors: [] });`);
  assert.equal(
    done.stdout.replace(/\s+/g, ' '),
    'SigBlk: 0000000000000000 SigIgn: 0000000000000000 SigCgt: 0000000000000000 ',
  );
});

test('standard descriptors that Node made non-blocking block again', () => {
  const done = runNode(
    `
    process.stdin.on('data', () => {}); process.stdin.pause(); process.stdout.write('');
    replaceProcess({ path: '/bin/sh', argv: ['sh', '-c', 'grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2'], env: {}, descriptors: [] });`,
    'x',
  );
  const flags = [...done.stdout.matchAll(/flags:\s+([0-7]+)/g)].map(
    m => Number.parseInt(m[1] ?? '', 8) & 0o4000,
  );
  assert.deepEqual(flags, [0, 0, 0]);
});

test('when the program is not there Node goes on as before', () => {
  const done = runNode(`
    import { setTimeout } from 'node:timers/promises';
    import { readFileSync } from 'node:fs';
    const fd = sealedMemfd('given', Buffer.from('still here'));
    try { replaceProcess({ path: '/no/such', argv: ['x'], env: {}, descriptors: [fd, fd, fd, fd] }); }
    catch (e) { console.log(e.code, e.syscall, e.path); }
    process.once('SIGUSR2', () => console.log('signal'));
    await setTimeout(5);
    process.kill(process.pid, 'SIGUSR2');
    await setTimeout(20);
    console.log(readFileSync('/proc/self/fd/' + fd, 'utf8'));`);
  assert.deepEqual(done.stdout.split('\n'), ['ENOENT execve /no/such', 'signal', 'still here', '']);
});
