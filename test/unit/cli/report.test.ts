import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { TslxcError } from '../../../src/base/errors.ts';
import type { Invocation, ParsedArguments } from '../../../src/cli/command.ts';
import { report } from '../../../src/cli/report.ts';
import { ConfigError } from '../../../src/config/problem.ts';

function told(error: TslxcError, flags: Record<string, boolean> = {}): { text: string; status: number } {
  const stderr = new PassThrough();
  const invocation = { program: 'tslxc-start', stderr } as unknown as Invocation;
  const args: ParsedArguments = {
    name: 'c1',
    flags,
    values: {},
    lists: {},
    positionals: [],
    rest: undefined,
  };
  const status = report(error, invocation, args);
  return { text: (stderr.read() as Buffer | null)?.toString() ?? '', status };
}

const origin = { file: '/var/lib/tslxc/c1/config', line: 37, key: 'lxc.mount.entry' };

test('the key, its line, what was done, why; then the hint', () => {
  const error = new TslxcError('START_FAILED', 'lxc.mount.entry: bind /srv on mnt: no such directory', {
    origin,
    hint: 'make it',
  });
  assert.deepEqual(told(error), {
    text: 'tslxc-start: c1: lxc.mount.entry (config:37): bind /srv on mnt: no such directory\n  hint: make it\n',
    status: 1,
  });
});

test("a file that is not the container's own config is named whole", () => {
  const other = { ...origin, file: '/etc/other.conf' };
  assert.match(
    told(new TslxcError('X', 'bad', { origin: other })).text,
    /^tslxc-start: c1: bad \(\/etc\/other\.conf:37\)\n$/,
  );
});

test('words that scripts match on stay together', () => {
  const { text, status } = told(new TslxcError('NOT_RUNNING', 'c1 is not running', { exitStatus: 2 }));
  assert.deepEqual([text, status], ['tslxc-start: c1 is not running\n', 2]);
});

test('each problem of a config is a line of its own', () => {
  const problem = { file: '/var/lib/tslxc/c1/config', column: 1 };
  const { text } = told(
    new ConfigError([
      { ...problem, line: 3, message: 'unknown key lxc.foo', hint: 'Did you mean lxc.idmap?' },
      { ...problem, line: 9, message: 'lxc.tty.max: not a number' },
    ]),
  );
  assert.equal(
    text,
    'tslxc-start: c1: unknown key lxc.foo (config:3:1)\n  hint: Did you mean lxc.idmap?\n' +
      'tslxc-start: c1: lxc.tty.max: not a number (config:9:1)\n',
  );
});

test('several lines become one, and -q says nothing', () => {
  assert.equal(told(new TslxcError('X', 'one\n  two')).text, 'tslxc-start: c1: one two\n');
  assert.equal(told(new TslxcError('X', 'one'), { quiet: true }).text, '');
});
