import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomisedMac, vethHostMac, vethName } from '../../../src/plan/names.ts';

test('a host end has one name for ever, that fits and is its own', () => {
  assert.equal(vethName('/var/lib/tslxc', 'c1', 0), vethName('/var/lib/tslxc', 'c1', 0));
  const names = new Set<string>();
  for (let index = 0; index < 1000; index++)
    names.add(vethName('/p', 'c', index)).add(vethName('/q', 'c', index));
  assert.equal(names.size, 2000);
  for (const name of names) assert.match(name, /^veth[a-z2-7]{8}$/);
});

test('hardware addresses are of one station; only x digits are made up', () => {
  assert.match(vethHostMac('/p', 'c', 0), /^fe(:[0-9a-f]{2}){5}$/);
  const mac = randomisedMac('10:66:6a:xx:Xx:0f', '/p', 'c', 0);
  assert.match(mac, /^10:66:6a:[0-9a-f]{2}:[0-9a-f]{2}:0f$/);
  assert.equal(randomisedMac('10:66:6a:01:02:03', '/p', 'c', 0), '10:66:6a:01:02:03');
  for (let index = 0; index < 50; index++) {
    assert.equal(
      Number.parseInt(randomisedMac('xx:xx:xx:xx:xx:xx', '/p', 'c', index).slice(0, 2), 16) & 1,
      0,
    );
  }
});
