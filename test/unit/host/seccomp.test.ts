import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseSeccompProfile } from '../../../src/config/seccomp-profile.ts';
import { installation } from '../../../src/host/installation.ts';
import { compileSeccomp } from '../../../src/host/seccomp.ts';

const [EPERM, EACCES, EINVAL, ENOSYS, EAFNOSUPPORT] = [1, 13, 22, 38, 97];
const skip = machine() === 'x86_64' ? false : `the numbers below are x86_64's, this is ${machine()}`;
let directory = '';

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'tslxc-test-seccomp-'));
  const source = join(installation().root, 'test/unit/host/seccomp-child.c');
  execFileSync('cc', ['-O1', '-o', join(directory, 'child'), source]);
});
after(() => rmSync(directory, { recursive: true }));

/** The errnos of `ABI,NUMBER,ARGS…` in a process under the policy, and the signal that ended it. */
function underPolicy(text: string, calls: readonly string[]): { errnos: number[]; signal: string | null } {
  const { program } = compileSeccomp(parseSeccompProfile(text, 'test'), machine());
  const done = spawnSync(join(directory, 'child'), calls, { input: program, encoding: 'utf8' });
  assert.equal(done.stderr, '');
  return { errnos: done.stdout.split('\n').filter(Boolean).map(Number), signal: done.signal };
}

const shipped = (name: string): string => readFileSync(join(installation().etc, 'seccomp', name), 'utf8');

test('the default policy gives each denied call the errno that guests survive, on both ABIs', {
  skip,
}, () => {
  const expected: readonly [call: string, errno: number, what: string][] = [
    ['x86_64,246', EPERM, 'kexec_load'],
    ['x86_64,320', EPERM, 'kexec_file_load'],
    ['x86_64,175', EPERM, 'init_module'],
    ['x86_64,313', EPERM, 'finit_module'],
    ['x86_64,176', EPERM, 'delete_module'],
    ['x86_64,304', EPERM, 'open_by_handle_at'],
    ['x86_64,321', EPERM, 'bpf'],
    ['x86_64,298', EPERM, 'perf_event_open'],
    ['x86_64,425', EPERM, 'io_uring_setup'],
    ['x86_64,323', EPERM, 'userfaultfd'],
    ['x86_64,250', ENOSYS, 'keyctl'],
    ['x86_64,248', ENOSYS, 'add_key'],
    ['x86_64,41,38,5,0', EAFNOSUPPORT, 'AF_ALG'],
    ['x86_64,41,40,1,0', EAFNOSUPPORT, 'AF_VSOCK'],
    ['x86_64,41,16,3,9', EAFNOSUPPORT, 'NETLINK_AUDIT'],
    ['x86_64,41,16,3,0', 0, 'NETLINK_ROUTE'],
    ['x86_64,41,1,1,0', 0, 'AF_UNIX'],
    ['x86_64,41,2,1,0', 0, 'AF_INET'],
    ['x86_64,166,0,1', EACCES, 'umount2 MNT_FORCE'],
    ['x86_64,166,0,0x1000', EINVAL, 'umount2'],
    ['i386,283', EPERM, 'kexec_load'],
    ['i386,128', EPERM, 'init_module'],
    ['i386,350', EPERM, 'finit_module'],
    ['i386,342', EPERM, 'open_by_handle_at'],
    ['i386,357', EPERM, 'bpf'],
    ['i386,336', EPERM, 'perf_event_open'],
    ['i386,425', EPERM, 'io_uring_setup'],
    ['i386,288', ENOSYS, 'keyctl'],
    ['i386,52,0,1', EACCES, 'umount2 MNT_FORCE'],
    ['i386,359,1,1,0', 0, 'socket(AF_UNIX)'],
    ['i386,20', 0, 'getpid'],
    ['x32,39', ENOSYS, 'getpid'],
    ['x32,41,38,5,0', ENOSYS, 'socket(AF_ALG)'],
  ];
  const { errnos, signal } = underPolicy(
    shipped('default.seccomp'),
    expected.map(([call]) => call),
  );
  assert.equal(signal, null);
  assert.deepEqual(
    expected.map(([call, , what], i) => [call, what, errnos[i]]),
    expected.map(([call, errno, what]) => [call, what, errno]),
  );
});

test('socketcall, whose arguments cannot be seen, still gives old 32-bit programs their sockets', {
  skip,
}, () => {
  // SYS_SOCKET with its arguments behind a pointer that is not mapped: EFAULT comes from the kernel, an errno of ours would not be it.
  assert.deepEqual(underPolicy(shipped('default.seccomp'), ['i386,102,1,0']).errnos, [14]);
});

test("LXC's own common policy denies its five calls and forced umount, and nothing else", { skip }, () => {
  const calls = ['x86_64,246', 'x86_64,304', 'x86_64,166,0,1', 'x86_64,41,38,5,0', 'x86_64,250,99'];
  const { errnos } = underPolicy(shipped('common.seccomp'), calls);
  assert.deepEqual(errnos.slice(0, 3), [EPERM, EPERM, EACCES]);
  assert.notEqual(errnos[4], ENOSYS);
});

test('sections apply to their own ABI', { skip }, () => {
  const text = '2\ndenylist\n[x86]\ngetpid errno 5\n[x86_64]\ngetppid errno 6\n[arm]\ngetuid errno 7\n';
  assert.deepEqual(
    underPolicy(text, ['i386,20', 'x86_64,39', 'i386,64', 'x86_64,110', 'x86_64,102']).errnos,
    [5, 0, 0, 6, 0],
  );
});

test('argument filters compare as they say', { skip }, () => {
  const filters: readonly [filter: string, hit: string, miss: string][] = [
    ['[0,5,SCMP_CMP_NE]', '4', '5'],
    ['[0,5,<]', '4', '5'],
    ['[0,5,<=]', '5', '6'],
    ['[0,0x5,==]', '5', '4'],
    ['[0,5,>=]', '5', '4'],
    ['[0,5,>]', '6', '5'],
    ['[0,4,&=,6]', '5', '6'],
    ['[0,4294967296,==]', '4294967296', '0'],
  ];
  for (const [filter, hit, miss] of filters) {
    // getpgid: an errno of ours for the hit, ESRCH or success of the kernel's for the miss.
    const { errnos } = underPolicy(`2\ndenylist\ngetpgid errno 99 ${filter}\n`, [
      `x86_64,121,${hit}`,
      `x86_64,121,${miss}`,
    ]);
    assert.equal(errnos[0], 99, filter);
    assert.notEqual(errnos[1], 99, filter);
  }
});

test('an allowlist of numbers kills what is not in it', { skip }, () => {
  const { errnos, signal } = underPolicy('1\nallowlist\n1\n231\n39\n5\n262\n9\n12\n', [
    'x86_64,39',
    'x86_64,110',
    'x86_64,39',
  ]);
  assert.deepEqual([errnos, signal], [[0], 'SIGSYS']);
});

test('notify without a proxy is ENOSYS', { skip }, () => {
  assert.deepEqual(underPolicy('2\ndenylist\ngetppid notify\n', ['x86_64,110']).errnos, [ENOSYS]);
});

test('an unknown system call is skipped with its place, once', () => {
  const { notices } = compileSeccomp(
    parseSeccompProfile('2\ndenylist\nno_such_call errno 1\nvm86 errno 1\n', 'policy'),
    'x86_64',
  );
  assert.deepEqual(notices, ['policy:3: unknown system call no_such_call is skipped']);
});
