import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { type ConfigWishes, withWishes } from '../../../src/images/config-wishes.ts';

const BASE = `# mine
lxc.net.0.type = veth
lxc.net.0.link = tslxcbr0
lxc.net.0.flags = up
lxc.net.0.hwaddr = 10:66:6a:xx:xx:xx
`;

const wish = (wishes: ConfigWishes, text = BASE) =>
  withWishes({ text, file: '/default.conf', missing: false }, wishes).text;
const load = (text: string) => loadConfig({ file: '/config', text: text.replaceAll('xx', '01') }).config;

test('no wishes: byte for byte what it was', () => {
  assert.equal(wish({}, 'lxc.uts.name=x'), 'lxc.uts.name=x');
});

test('limits are settings of cgroup v2, which a start says to v1 too', () => {
  const text = wish({ memory: '512m', cpus: '1.5' });
  assert.match(text, /^# mine\n/);
  assert.match(text, /^lxc\.cgroup2\.memory\.max = 512M$/m);
  assert.match(text, /^lxc\.cgroup2\.cpu\.max = 150000 100000$/m);
});

test('another bridge, where the base has a link and where it has none', () => {
  for (const base of [BASE, '', 'lxc.net.0.type = empty\n']) {
    const { net } = load(wish({ network: 'br7' }, base));
    assert.deepEqual([net.length, net[0]?.type.value, net[0]?.link?.value], [1, 'veth', 'br7']);
    assert.match(net[0]?.hwaddr?.value ?? '', /^10:66:6a:/);
  }
});

test('no network, whatever the base has', () => {
  for (const base of [BASE, '', `${BASE}lxc.net.1.type = veth\n`]) {
    const { net } = load(wish({ network: 'none' }, base));
    assert.deepEqual(
      net.map(({ type }) => type.value),
      ['empty'],
    );
  }
});

test('what is no limit and no bridge is refused with its option', () => {
  for (const [wishes, message] of [
    [{ memory: 'lots' }, /^--memory "lots": not a size; write 512M or 2G$/],
    [{ memory: '1K' }, /^--memory "1K": too little/],
    [{ cpus: '-1' }, /^--cpus "-1": not a number/],
    [{ cpus: '0' }, /^--cpus "0": the least is 0.01/],
    [{ network: 'br0\nlxc.hook.start = /x' }, /^--network "br0\\nlxc.hook.start = \/x": not a bridge/],
  ] as const) {
    assert.throws(() => wish(wishes), { code: 'BAD_ARGUMENT', message });
  }
});
