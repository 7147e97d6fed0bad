import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OptionSpec } from '../../../src/cli/command.ts';
import { getopt, UsageError } from '../../../src/cli/getopt.ts';

const OPTIONS: Readonly<Record<string, OptionSpec>> = {
  name: { short: 'n', long: 'name', arg: 'NAME', summary: '' },
  logfile: { short: 'o', long: 'logfile', arg: 'FILE', summary: '' },
  logpriority: { short: 'l', long: 'logpriority', arg: 'LEVEL', summary: '' },
  state: { short: 's', long: 'state', summary: '' },
  raw: { short: 'H', long: 'no-humanize', summary: '' },
  elevated: { short: 'e', long: 'elevated-privileges', arg: '[FLAGS]', summary: '' },
  help: { short: '?', long: 'help', summary: '' },
};

const read = (...argv: string[]) => getopt(argv, OPTIONS);
const pairs = (...argv: string[]) => read(...argv).taken.map(({ key, value }) => [key, value]);

test('options may follow positionals; only -- ends them', () => {
  const line = read('c1', '-s', 'ls', '--', '-H');
  assert.deepEqual(line.positionals, ['c1', 'ls']);
  assert.deepEqual(line.rest, ['-H']);
  assert.deepEqual(
    line.taken.map(({ key }) => key),
    ['state'],
  );
});

test('POSIXLY_CORRECT stops at the first word', () => {
  const line = getopt(['-s', 'c1', '-H'], OPTIONS, { posixlyCorrect: true });
  assert.deepEqual(line.positionals, ['c1', '-H']);
});

test('arguments are glued, after = or the next word', () => {
  assert.deepEqual(pairs('-nc1'), [['name', 'c1']]);
  assert.deepEqual(pairs('-n', 'c1'), [['name', 'c1']]);
  assert.deepEqual(pairs('-n=c1'), [['name', '=c1']]);
  assert.deepEqual(pairs('--name=c1'), [['name', 'c1']]);
  assert.deepEqual(pairs('--name', 'c1'), [['name', 'c1']]);
  assert.deepEqual(pairs('--name='), [['name', '']]);
});

test('flags bundle, the last one may have an argument', () => {
  assert.deepEqual(pairs('-sHnc1'), [
    ['state', undefined],
    ['raw', undefined],
    ['name', 'c1'],
  ]);
});

test('unambiguous prefixes are the option, exact names always', () => {
  assert.deepEqual(pairs('--na', 'c1'), [['name', 'c1']]);
  assert.throws(
    () => read('--log', 'f'),
    new UsageError("option '--log' is ambiguous; possibilities: '--logfile' '--logpriority'"),
  );
});

test('an optional argument must be glued', () => {
  const line = read('-e', 'X');
  assert.deepEqual(
    line.taken.map(({ value }) => value),
    [''],
  );
  assert.deepEqual(line.positionals, ['X']);
  assert.deepEqual(pairs('-eCAP'), [['elevated', 'CAP']]);
  assert.deepEqual(pairs('--elevated-privileges=CAP|LSM'), [['elevated', 'CAP|LSM']]);
});

test("failures are in getopt's words", () => {
  assert.throws(() => read('--bogus'), new UsageError("unrecognized option '--bogus'"));
  assert.throws(() => read('-x'), new UsageError("invalid option -- 'x'"));
  assert.throws(() => read('-l'), new UsageError("option requires an argument -- 'l'"));
  assert.throws(() => read('--logfile'), new UsageError("option '--logfile' requires an argument"));
  assert.throws(() => read('--state=x'), new UsageError("option '--state' doesn't allow an argument"));
});

test('-h and -? are help; reading stops where it is told to', () => {
  const line = getopt(['-h', '--bogus'], OPTIONS, { stopAt: ({ key }) => key === 'help' });
  assert.deepEqual(line.taken, [{ key: 'help', value: undefined, as: '-h' }]);
  assert.deepEqual(getopt(['-?'], OPTIONS).taken, [{ key: 'help', value: undefined, as: '-?' }]);
});

test('a lone - is a word', () => {
  assert.deepEqual(read('-').positionals, ['-']);
});
