import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLines, writeLine, writeValue } from '../../../src/config/syntax.ts';

const setting = (raw: string) => parseLines(raw, 'f')[0]?.setting;

test('white space is trimmed around key and value, columns point at them', () => {
  assert.deepEqual(setting(' \tlxc.a.b\t=  v w \t\r'), {
    key: 'lxc.a.b',
    value: 'v w',
    keyColumn: 3,
    valueColumn: 14,
  });
  assert.deepEqual(setting('lxc.a=b=c'), { key: 'lxc.a', value: 'b=c', keyColumn: 1, valueColumn: 7 });
  assert.deepEqual(setting('lxc.a ='), { key: 'lxc.a', value: '', keyColumn: 1, valueColumn: 8 });
});

test('one pair of equal quotes is removed', () => {
  const cases: [string, string][] = [
    ["'a b'", 'a b'],
    ['"a"', 'a'],
    ["''a''", "'a'"],
    ['""', ''],
    ['"', '"'],
    ['"a\'', '"a\''],
    ["'a", "'a"],
    ['a"b"', 'a"b"'],
    ['" a "', ' a '],
  ];
  for (const [raw, value] of cases) assert.equal(setting(`lxc.x = ${raw}`)?.value, value, raw);
  assert.equal(setting('lxc.x = "ab"')?.valueColumn, 10);
});

test('there are no comments after a value and no continuation', () => {
  const lines = parseLines('lxc.a = b # c\nlxc.b = c \\\n  d\n', 'f');
  assert.deepEqual(
    lines.map(line => line.setting?.value),
    ['b # c', 'c \\', undefined],
  );
});

test('comments, blank and foreign lines are kept and mean nothing', () => {
  const text = '# lxc.a = 1\n\n  # x\nfoo = bar\nlxcfoo = 1\n LXC.a = 1\nlxc.a = 1';
  const lines = parseLines(text, 'f');
  assert.equal(lines.map(line => line.raw).join('\n'), text);
  assert.deepEqual(
    lines.flatMap(line => (line.setting ? [line.line] : [])),
    [7],
  );
});

test('a line that cannot be read carries its problem', () => {
  const lines = parseLines('  lxc.foo bar\nlxc.a = x\0y\nlxc.b = 1', 'f');
  assert.deepEqual(
    lines.map(line => line.problem && `${line.problem.line}:${line.problem.column}: ${line.problem.message}`),
    ['1:3: no "=" after lxc.foo', '2:10: a NUL byte in a config line', undefined],
  );
});

test('a value is quoted only where it must be', () => {
  assert.equal(writeValue('a b'), 'a b');
  assert.equal(writeValue(' a'), '" a"');
  assert.equal(writeValue('"a"'), '""a""');
  assert.equal(writeValue('"'), '"');
  assert.equal(writeLine('lxc.a', ''), 'lxc.a =');
});
