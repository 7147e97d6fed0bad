import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { installation } from '../../../src/host/installation.ts';
import { load } from './models.ts';

const { etc } = installation();
const shipped = readdirSync(etc).filter(name => name.endsWith('.conf'));
const including = (...names: string[]) =>
  loadConfig({ file: 'c', text: names.map(name => `lxc.include = ${etc}/${name}.conf\n`).join('') }).config;

test('every shipped config loads, without warnings', () => {
  assert.ok(shipped.length >= 6, shipped.join());
  for (const name of shipped) assert.deepEqual(loadConfig({ file: join(etc, name) }).warnings, [], name);
});

test('shipped configs name no path of an installation', () => {
  for (const name of shipped)
    assert.doesNotMatch(readFileSync(join(etc, name), 'utf8'), /^lxc\.include|@/m, name);
});

test('a new container has one interface on the bridge, with a random address', () => {
  const [nic, ...more] = including('default').net;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [nic?.type.value, nic?.link?.value, nic?.up, nic?.hwaddr?.value],
    ['veth', 'tslxcbr0', true, '10:66:6a:xx:xx:xx'],
  );
});

test('with an id map the device rules go and the dropped capabilities stay', () => {
  const privileged = including('common', 'debian');
  const mapped = including('common', 'userns', 'debian');
  assert.ok(privileged.cgroup.v1.length > 10);
  assert.deepEqual(
    privileged.cgroup.v1.map(({ value }) => value),
    privileged.cgroup.v2.map(({ value }) => value),
  );
  assert.deepEqual([mapped.cgroup.v1, mapped.cgroup.v2], [[], []]);
  assert.deepEqual(
    mapped.cap.drop.map(({ value }) => value),
    privileged.cap.drop.map(({ value }) => value),
  );
  assert.ok(mapped.cap.drop.some(({ value }) => value === 'sys_rawio'));
  assert.equal(mapped.mount.auto.sys?.value, 'mixed');
});

test("the configs of this host's LXC load too", t => {
  const directory = '/usr/share/lxc/config';
  if (!existsSync(`${directory}/common.conf`)) return t.skip('LXC is not installed here');
  for (const name of ['common.conf', 'userns.conf', 'nesting.conf'])
    assert.deepEqual(
      load(`lxc.include = ${directory}/${name}`, {
        [`${directory}/${name}`]: readFileSync(`${directory}/${name}`, 'utf8'),
      }).warnings,
      [],
    );
});
