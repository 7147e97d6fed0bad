import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeviceRule, deviceProgram } from '../../../src/plan/device-program.ts';

const rules = (...lines: string[]): DeviceRule[] =>
  lines.map(line => {
    const [verb, ...value] = line.split(' ');
    return { verb: verb === 'allow' ? 'allow' : 'deny', value: value.join(' '), origin: { rule: 'test' } };
  });

/** Runs the program as the kernel would; true = access granted. */
function run(program: Uint8Array, type: 'b' | 'c', major: number, minor: number, access: string): boolean {
  const bits = [...access].reduce((sum, letter) => sum | { m: 1, r: 2, w: 4 }[letter as 'm' | 'r' | 'w'], 0);
  const context = new Map([
    [0, (bits << 16) | (type === 'b' ? 1 : 2)],
    [4, major],
    [8, minor],
  ]);
  const registers = new Array<number>(11).fill(0);
  const code = Buffer.from(program);
  for (let at = 0; ; at++) {
    const [opcode, regs, offset, immediate] = [
      code[at * 8],
      code[at * 8 + 1] ?? 0,
      code.readInt16LE(at * 8 + 2),
      code.readInt32LE(at * 8 + 4),
    ];
    const [target, source] = [regs & 15, regs >> 4];
    const [left = 0, right = 0] = [registers[target], registers[source]];
    if (opcode === 0x61) registers[target] = context.get(offset) ?? assert.fail(`load at ${offset}`);
    else if (opcode === 0xbf) registers[target] = right;
    else if (opcode === 0xb7) registers[target] = immediate;
    else if (opcode === 0x54) registers[target] = left & immediate;
    else if (opcode === 0x74) registers[target] = left >>> immediate;
    else if (opcode === 0x55) at += left !== immediate ? offset : 0;
    else if (opcode === 0x5d) at += left !== right ? offset : 0;
    else if (opcode === 0x15) at += left === immediate ? offset : 0;
    else if (opcode === 0x95) return registers[0] === 1;
    else assert.fail(`opcode ${opcode}`);
  }
}

function grants(lines: string[], type: 'b' | 'c', major: number, minor: number, access: string): boolean {
  const program = deviceProgram(rules(...lines));
  assert.ok(program);
  return run(program, type, major, minor, access);
}

test('without a rule there is no program', () => {
  assert.equal(deviceProgram([]), undefined);
});

test('from the start all is denied but what allow rules open', () => {
  const lines = ['allow c 1:3 rw', 'allow c 136:* r', 'allow b *:* m', 'deny c 1:3 r'];
  assert.ok(grants(lines, 'c', 1, 3, 'rw'));
  assert.ok(grants(lines, 'c', 1, 3, 'r'), 'deny rules do not count here');
  assert.ok(!grants(lines, 'c', 1, 3, 'm'));
  assert.ok(!grants(lines, 'c', 1, 3, 'rwm'), 'all of the access must be allowed');
  assert.ok(grants(lines, 'c', 136, 77, 'r'));
  assert.ok(!grants(lines, 'c', 137, 77, 'r'));
  assert.ok(grants(lines, 'b', 8, 1, 'm'));
  assert.ok(!grants(lines, 'b', 1, 3, 'rw'));
});

test('after allow = a only deny rules count', () => {
  const lines = ['allow c 1:3 rw', 'allow a', 'deny c 10:200 w', 'allow c 10:200 w'];
  assert.ok(grants(lines, 'c', 1, 9, 'rwm'));
  assert.ok(grants(lines, 'c', 10, 200, 'r'));
  assert.ok(!grants(lines, 'c', 10, 200, 'rw'), 'any denied part denies');
});

test('a bare a forgets what came before', () => {
  assert.ok(!grants(['allow a', 'deny a'], 'c', 1, 3, 'r'));
  assert.ok(grants(['deny a', 'allow a *:* rwm'], 'c', 1, 3, 'rwm'));
});

test('nonsense is refused with its line', () => {
  assert.throws(() => deviceProgram(rules('allow x 1:3')), { code: 'CANNOT_START' });
});
