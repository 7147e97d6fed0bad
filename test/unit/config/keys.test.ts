import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS } from '../../../src/config/keys/table.ts';
import { printConfig, readKey } from '../../../src/config/print.ts';
import { load, problemsOf, valuesOf } from './models.ts';
import { REJECTED, SAMPLES } from './samples.ts';

test('the samples hold every key', () => {
  const missing = KEYS.filter(
    entry =>
      !SAMPLES.some(({ key }) => key === entry.key || (entry.prefix && key.startsWith(`${entry.key}.`))),
  );
  assert.deepEqual(
    missing.map(entry => entry.key),
    ['lxc.hook'],
  ); // it only clears; see below
});

for (const sample of SAMPLES) {
  test(`${sample.text.split('\n').join(' ; ')}: read, written and read again`, () => {
    const { config, warnings } = load(sample.text);
    assert.deepEqual(warnings, []);
    assert.equal(readKey(config, sample.key), sample.read);
    const printed = printConfig(config);
    assert.notEqual(printed, '');
    assert.deepEqual(valuesOf(load(printed).config), valuesOf(config), printed);
    assert.equal(printConfig(load(printed).config), printed);
  });

  test(`${sample.key}: unset and cleared`, () => {
    const unset = sample.unset ?? '';
    assert.equal(readKey(load('').config, sample.key) ?? 'invalid', unset);
    const clearing = `${sample.text}\n${sample.key} =`;
    if (sample.cleared === 'refused') return assert.notDeepEqual(problemsOf(clearing), []);
    assert.equal(readKey(load(clearing).config, sample.key), sample.cleared ?? unset);
  });
}

test('nothing said prints nothing, and every default reads as itself', () => {
  assert.equal(printConfig(load('').config), '');
});

test('what LXC refuses is refused with its place', () => {
  for (const [line, message, column] of REJECTED) {
    const [problem, ...more] = problemsOf(`# first\n${line}`);
    assert.ok(problem, line);
    assert.deepEqual(more, [], line);
    assert.match(problem, message);
    assert.match(problem, new RegExp(`^c:2:${column}: `), problem);
  }
});

test('keys that no reader knows read as such', () => {
  const { config } = load('lxc.net.0.type = veth');
  for (const key of [
    'lxc',
    'lxc.foo',
    'lxc.hook',
    'lxc.include',
    'lxc.net.0',
    'lxc.net.0.foo',
    'lxc.net.1.type',
    'lxc.net.0.vlan.id',
    '',
  ])
    assert.equal(readKey(config, key), undefined, key);
});

test('an empty lxc.hook clears every hook', () => {
  const { config } = load('lxc.hook.start = /a\nlxc.hook.stop = /b\nlxc.hook =\nlxc.hook.stop = /c');
  assert.equal(printConfig(config), 'lxc.hook.stop = /c\n');
});

test('lists of control groups and maps are cleared by name and as a whole', () => {
  const all =
    'lxc.cgroup2.a.b = 1\nlxc.cgroup2.c.d = 2\nlxc.cgroup2.a.b = 3\nlxc.sysctl.x = 1\nlxc.sysctl.y = 2\n';
  assert.equal(readKey(load(`${all}lxc.cgroup2.a.b =`).config, 'lxc.cgroup2'), 'lxc.cgroup2.c.d = 2\n');
  assert.equal(readKey(load(`${all}lxc.cgroup2 =`).config, 'lxc.cgroup2'), '');
  assert.equal(readKey(load(`${all}lxc.sysctl.x =`).config, 'lxc.sysctl'), 'lxc.sysctl.y = 2\n');
  assert.equal(readKey(load(`${all}lxc.sysctl =`).config, 'lxc.sysctl'), '');
});

test('interfaces: index order, gaps, clearing one and all, and a later type forgets what belonged to the earlier', () => {
  const text =
    'lxc.net.5.type = veth\nlxc.net.5.veth.pair = p\nlxc.net.00.type = phys\nlxc.net.0.link = eth0\n';
  assert.deepEqual(
    load(text).config.net.map(nic => [nic.index, nic.type.value]),
    [
      [0, 'phys'],
      [5, 'veth'],
    ],
  );
  assert.deepEqual(
    load(`${text}lxc.net.5 =`).config.net.map(nic => nic.index),
    [0],
  );
  assert.deepEqual(load(`${text}lxc.net =`).config.net, []);
  const changed = load(`${text}lxc.net.5.type = macvlan`).config;
  assert.equal(changed.net[1]?.veth, undefined);
  assert.equal(readKey(changed, 'lxc.net.5.veth.pair'), undefined);
  assert.match(
    problemsOf(`${text}lxc.net.0.vlan.id = 4`)[0] ?? '',
    /c:5:21: lxc\.net\.0\.vlan\.id does not belong to type phys/,
  );
});

test('an interface of which only the index is known is there', () => {
  const { config } = load('lxc.net.3.link = x\nlxc.net.3.link =');
  assert.equal(printConfig(config), 'lxc.net.3.type = empty\n');
});

test('clone and keep, drop and keep exclude each other until cleared', () => {
  assert.match(
    problemsOf('lxc.namespace.clone = net\nlxc.namespace.keep = ipc')[0] ?? '',
    /c:2:\d+: lxc\.namespace\.keep with lxc\.namespace\.clone in line 1 of c/,
  );
  assert.deepEqual(
    problemsOf('lxc.namespace.clone = net\nlxc.namespace.clone =\nlxc.namespace.keep = ipc'),
    [],
  );
  assert.match(problemsOf('lxc.cap.drop = kill\nlxc.cap.keep = kill')[0] ?? '', /c:2:/);
  assert.deepEqual(problemsOf('lxc.cap.drop = kill\nlxc.cap.keep =\nlxc.cap.keep = kill'), []);
});

test('id maps that overlap are refused', () => {
  const base = 'lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 100000 65536\n';
  assert.match(
    problemsOf(`${base}lxc.idmap = u 65535 500000 1`)[0] ?? '',
    /c:3:13: lxc\.idmap: the id map overlaps the one in line 1 of c/,
  );
  assert.match(problemsOf(`${base}lxc.idmap = g 70000 165535 9`)[0] ?? '', /overlaps the one in line 2/);
  assert.deepEqual(problemsOf(`${base}lxc.idmap = u 65536 165536 1`), []);
});

test('the mixed directories of control groups', () => {
  assert.match(
    problemsOf('lxc.cgroup.dir = a\nlxc.cgroup.dir.monitor = b\nlxc.cgroup.dir.container = c')[0] ?? '',
    /cannot stand with lxc\.cgroup\.dir/,
  );
});

test('the broadcast address follows from the prefix', () => {
  const addresses = load(
    'lxc.net.0.ipv4.address = 10.1.2.3/20\nlxc.net.0.ipv4.address = 192.168.0.9/31\nlxc.net.0.ipv4.address = 192.168.5.9',
  ).config.net[0]?.ipv4;
  assert.deepEqual(
    addresses?.map(({ value }) => [value.prefix, value.broadcast]),
    [
      [20, '10.1.15.255'],
      [31, undefined],
      [24, '192.168.5.255'],
    ],
  );
});

test('what mounts and automatic mounts mean', () => {
  const { config } = load(
    'lxc.mount.entry = /a\\040b mnt\\134x none bind,,ro\nlxc.mount.auto = cgroup2 shmounts:/s:/c',
  );
  assert.deepEqual(config.mount.entries[0]?.value, {
    source: '/a b',
    target: 'mnt\\x',
    type: 'none',
    options: ['bind', 'ro'],
    written: '/a\\040b mnt\\134x none bind,,ro',
  });
  assert.deepEqual(config.mount.auto.cgroup?.value, { family: 'cgroup2', mode: 'rw', force: true });
  assert.deepEqual(config.mount.auto.shmounts?.value, { host: '/s', container: '/c' });
});

test('limits are numbers or unlimited', () => {
  const { prlimit } = load('lxc.prlimit.as = unlimited\nlxc.prlimit.core = 0:5\nlxc.prlimit.nice = 7').config;
  assert.deepEqual(
    [...prlimit].map(([name, { value }]) => [name, value.soft, value.hard]),
    [
      ['as', undefined, undefined],
      ['core', 0n, 5n],
      ['nice', 7n, 7n],
    ],
  );
});
