import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TslxcError } from '../../../src/base/errors.ts';
import { editConfig, editConfigBytes } from '../../../src/config/edit.ts';
import { KEYS } from '../../../src/config/keys/table.ts';
import { printConfig, readKey } from '../../../src/config/print.ts';
import { ConfigError } from '../../../src/config/problem.ts';
import { parseLines, writeLine } from '../../../src/config/syntax.ts';
import { load, valuesOf } from './models.ts';
import { SAMPLES } from './samples.ts';

/** Keys that take any text. */
const TEXT_KEYS = [
  'lxc.init.cmd',
  'lxc.execute.cmd',
  'lxc.console.logfile',
  'lxc.group',
  'lxc.log.file',
  'lxc.rootfs.mount',
  'lxc.hook.start',
  'lxc.hook.stop',
  'lxc.namespace.share.net',
  'lxc.cgroup2.memory.max',
  'lxc.sysctl.kernel.x',
  'lxc.proc.x',
  'lxc.apparmor.raw',
  'lxc.selinux.context',
  'lxc.seccomp.notify.cookie',
  'lxc.net.0.script.up',
];
/** Any text, often with what the syntax cares about. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'\'"= #\\\n\r\t\0\x1b\x85\u2028lxc.a:/0'.split('')), maxLength: 20 }),
);
const textLine = fc
  .tuple(fc.constantFrom(...TEXT_KEYS), anyText)
  .map(([key, value]) => writeLine(key, value.replace(/[\n\0]/g, '')));
const sampleLine = fc.constantFrom(...SAMPLES).map(sample => sample.text);
const clearLine = fc.constantFrom(...SAMPLES).map(sample => `${sample.key} =`);
const numberLine = fc
  .tuple(
    fc.constantFrom(
      'lxc.tty.max',
      'lxc.init.uid',
      'lxc.start.order',
      'lxc.console.size',
      'lxc.net.7.mtu',
      'lxc.idmap',
    ),
    fc.integer(),
    fc.nat(),
  )
  .map(([key, a, b]) => (key === 'lxc.idmap' ? `${key} = u ${b} ${b} ${(a >>> 16) + 1}` : `${key} = ${a}`));

function loaded(text: string): ReturnType<typeof load> | undefined {
  try {
    return load(text);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The lines that can stand together, taken in order. */
function consistent(lines: readonly string[]): string {
  return lines.reduce((text, line) => (loaded(`${text}${line}\n`) ? `${text}${line}\n` : text), '');
}

test('any config survives being saved and loaded', () => {
  const line = fc.oneof(textLine, sampleLine, clearLine, numberLine);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 14 }), lines => {
      const { config } = load(consistent(lines));
      const printed = printConfig(config);
      const again = load(printed).config;
      assert.deepEqual(valuesOf(again), valuesOf(config), printed);
      for (const { key } of SAMPLES) assert.equal(readKey(again, key), readKey(config, key));
    }),
    { numRuns: 600 },
  );
});

test('garbage never crashes the reader, and every problem has a place in the text', () => {
  const keys = KEYS.map(entry => entry.key);
  const key = fc.oneof(
    fc.constantFrom(...keys),
    fc.constantFrom('lxc.net.0.', 'lxc.network.', 'lxc.sysctl.', 'lxc.').chain(k => anyText.map(s => k + s)),
  );
  const garbage = fc.oneof(
    anyText,
    fc.tuple(key, fc.constantFrom('=', ' = ', '', '= "'), anyText).map(parts => parts.join('')),
    sampleLine,
  );
  fc.assert(
    fc.property(fc.array(garbage, { maxLength: 12 }), lines => {
      const text = lines.join('\n');
      const raws = text.split('\n');
      try {
        load(text);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        for (const problem of error.problems) {
          const raw = raws[problem.line - 1];
          assert.ok(problem.file === 'c' && raw !== undefined, text);
          assert.ok(
            problem.column >= 1 && problem.column <= raw.length + 1,
            `${problem.line}:${problem.column} in ${JSON.stringify(raw)}`,
          );
          assert.doesNotMatch(problem.message, /\p{Cc}/u);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test('no value of 10000 can change which keys a config has', () => {
  const before = '# c\nlxc.uts.name = a\nlxc.group = b\nlxc.hook.start = /x\n';
  const keysOf = (text: string) =>
    parseLines(text, 'f').flatMap(line => (line.setting ? [line.setting.key] : []));
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...TEXT_KEYS), anyText, fc.boolean(), (key, value, append) => {
      const edit = append ? { append: key, value } : { set: key, value };
      let after: string;
      try {
        after = editConfig(before, [edit]);
      } catch (error) {
        assert.ok(error instanceof TslxcError && error.code === 'CONTROL_CHARACTER', String(error));
        return;
      }
      accepted++;
      const kept = keysOf(before).filter(k => append || k !== key);
      assert.deepEqual(keysOf(after), [...kept, key]);
      assert.equal(parseLines(after, 'f').at(-1)?.setting?.value, value);
      assert.equal(editConfigBytes(Buffer.from(before), [edit]).toString(), after);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(accepted > 1000, `${accepted} values were accepted`);
});
