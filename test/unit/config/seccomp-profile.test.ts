import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/problem.ts';
import { parseSeccompProfile } from '../../../src/config/seccomp-profile.ts';

const problems = (text: string): string[] => {
  try {
    parseSeccompProfile(text, 'p');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(problem => `${problem.file}:${problem.line}: ${problem.message}`);
  }
};

test('defaults follow the kind of the list', () => {
  const denied = parseSeccompProfile('2\nblacklist\nbpf\n', 'p');
  assert.deepEqual([denied.defaultAction.kind, denied.rules[0]?.action.kind], ['allow', 'kill']);
  const allowed = parseSeccompProfile('2\nwhitelist errno 5 # why\n\nread\nwrite trap\n', 'p');
  assert.deepEqual(allowed.defaultAction, { kind: 'errno', errno: 5 });
  assert.deepEqual(
    allowed.rules.map(rule => [rule.action.kind, rule.line]),
    [
      ['allow', 4],
      ['trap', 5],
    ],
  );
});

test('a rule has its filters, with decimal, hex, octal and negative values', () => {
  const [rule] = parseSeccompProfile(
    '2\ndenylist\n[X86_64]\nioctl errno 1 [1,0x5412,SCMP_CMP_EQ] [2,-1,!=],[0,010,&=,0xff]\n',
    'p',
  ).rules;
  assert.equal(rule?.arch, 'x86_64');
  assert.deepEqual(
    rule?.arguments.map(a => [a.index, a.op, a.value]),
    [
      [1, '==', 0x5412n],
      [2, '!=', 2n ** 64n - 1n],
      [0, '&=', 8n],
    ],
  );
  assert.equal(rule?.arguments[2]?.mask, 255n);
});

test('reject_x32 is about the ABI, not a rule', () => {
  const profile = parseSeccompProfile('2\ndenylist\nreject_x32\n', 'p');
  assert.deepEqual([profile.rejectX32, profile.rules], [true, []]);
});

test('everything wrong is told at once, with its line', () => {
  assert.deepEqual(
    problems('2\ndenylist\n[sparc]\nbpf eperm\nbpf errno x\nioctl errno 1 [9,1,SCMP_CMP_EQ]\n$x\n'),
    [
      'p:3: unknown architecture sparc',
      'p:4: unknown seccomp action "eperm"',
      'p:5: errno wants one number from 0 to 4095, not "x"',
      'p:6: "[9,1,SCMP_CMP_EQ]" is not an argument filter',
      'p:7: "$x" is not the name of a system call',
    ],
  );
  assert.deepEqual(problems('3\nlist\n'), [
    'p:1: "3" is not the version of a seccomp policy',
    'p:2: "list" is not a kind of seccomp policy',
  ]);
  assert.deepEqual(problems('1\nwhitelist\nread\n'), ['p:3: "read" is not the number of a system call']);
  assert.deepEqual(problems('1\ndenylist\n'), ['p:2: "denylist" is not a kind of seccomp policy']);
  assert.deepEqual(problems(''), [
    'p:1: "" is not the version of a seccomp policy',
    'p:2: "" is not a kind of seccomp policy',
  ]);
});
