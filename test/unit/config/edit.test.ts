import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillHwaddr } from '../../../src/base/hwaddr.ts';
import { editConfig, editConfigBytes, replaceValues } from '../../../src/config/edit.ts';

test('lines stay as they are; a changed key moves to the end', () => {
  const text = '# top\nlxc.uts.name = a\n\n  lxc.tty.max=4\nforeign\nlxc.utsname = b\nlxc.group = x';
  assert.equal(
    editConfig(text, [
      { set: 'lxc.uts.name', value: 'new' },
      { append: 'lxc.group', value: 'y z' },
    ]),
    '# top\n\n  lxc.tty.max=4\nforeign\nlxc.group = x\nlxc.uts.name = new\nlxc.group = y z\n',
  );
  assert.equal(editConfig(text, []), `${text}\n`);
  assert.equal(editConfig('', [{ set: 'lxc.tty.dir', value: '' }]), 'lxc.tty.dir =\n');
});

test('a key is removed alone or with all below it', () => {
  const text = 'lxc.net.0.type = veth\nlxc.net.1.type = empty\nlxc.net.10.type = none\n';
  assert.equal(
    editConfig(text, [{ remove: 'lxc.net.1', below: true }]),
    'lxc.net.0.type = veth\nlxc.net.10.type = none\n',
  );
  assert.equal(editConfig(text, [{ remove: 'lxc.net' }]), text);
  assert.equal(editConfig(text, [{ remove: 'lxc.net', below: true }]), '');
});

test('what is no UTF-8 stays byte for byte', () => {
  const before = Buffer.from('# caf\xe9\nlxc.uts.name = a\n', 'latin1');
  const after = editConfigBytes(before, [{ set: 'lxc.group', value: 'grün' }]);
  assert.deepEqual(after, Buffer.concat([before, Buffer.from('lxc.group = grün\n')]));
});

test('unknown keys and values that are no text are refused', () => {
  const refused = (key: string, value: string) =>
    assert.throws(() => editConfig('', [{ set: key, value }]), { name: 'TslxcError' });
  for (const key of [
    'lxc.foo',
    'foo',
    'lxc.uts.name = x\nlxc.foo',
    'lxc.sysctl.a b',
    'lxc.sysctl.a=b',
    '',
    'lxc.',
    'lxc.uts.name ',
  ])
    refused(key, 'x');
  for (const value of [
    'a\nb',
    'a\rb',
    'a\tb',
    'a\0',
    '\x1b[2J',
    '\x7f',
    '\x85',
    '\x9b0m',
    '\u2028',
    '\ud800',
  ])
    refused('lxc.uts.name', value);
  assert.throws(
    () => editConfigBytes(Buffer.alloc(0), [{ append: 'lxc.group', value: 'a\nlxc.hook.start = x' }]),
    { code: 'CONTROL_CHARACTER' },
  );
  assert.throws(() => replaceValues('lxc.group = x', () => 'a\nb'), { code: 'CONTROL_CHARACTER' });
  assert.equal(editConfig('', [{ append: 'lxc.include', value: '/x' }]), 'lxc.include = /x\n');
});

test('values are replaced where they stand, with old interface keys known by their new names', () => {
  const text =
    '# c\nlxc.network.type = veth\nlxc.network.hwaddr = aa\n lxc.net.4.hwaddr="bb"\nlxc.group = aa\n';
  const seen: string[] = [];
  const result = replaceValues(text, (key, value) => {
    seen.push(key);
    return key.endsWith('.hwaddr') ? `new-${value}` : undefined;
  });
  assert.equal(
    result,
    '# c\nlxc.network.type = veth\nlxc.network.hwaddr = new-aa\n lxc.net.4.hwaddr=new-bb\nlxc.group = aa\n',
  );
  assert.deepEqual(seen, ['lxc.net.0.type', 'lxc.net.0.hwaddr', 'lxc.net.4.hwaddr', 'lxc.group']);
});

test('random digits fill a MAC address, never to a multicast one', () => {
  let next = 0;
  assert.equal(
    fillHwaddr('10:66:6a:xx:Xx:x0', () => next++),
    '10:66:6a:01:23:40',
  );
  assert.equal(
    fillHwaddr('xx:xx:xx:xx:xx:xx', () => 0xff),
    'fe:ff:ff:ff:ff:ff',
  );
});
