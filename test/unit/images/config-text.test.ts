import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../../src/config/load.ts';
import { configHeader, fillHardwareAddresses, initialConfig } from '../../../src/images/config-text.ts';

test('the base comes first, then what create knows', () => {
  const text = initialConfig({
    base: '# mine',
    name: 'c1',
    rootfsPath: 'dir:/p/c1/rootfs',
    rangeFirst: 100000,
  });
  assert.equal(
    text,
    [
      '# mine',
      'lxc.rootfs.path = dir:/p/c1/rootfs',
      'lxc.uts.name = c1',
      'lxc.idmap = u 0 100000 65536',
      'lxc.idmap = g 0 100000 65536',
      '',
    ].join('\n'),
  );
});

test('arguments can’t add a line of config through the header', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), words => {
      const header = configHeader('/t', [...words, 'x\nlxc.hook.pre-start = /bin/evil'], '/nesting.conf');
      const { config } = loadConfig({ file: 'config', text: header });
      assert.deepEqual(config.hooks['pre-start'], []);
    }),
  );
});

test('each x of a hwaddr is a digit of its own, and the address is unicast', () => {
  const base =
    'lxc.net.0.hwaddr = 10:66:6a:xx:xx:Xx\nlxc.net.1.hwaddr=xx:xx:xx:xx:xx:xx\n# xx stays\nlxc.net.2.name = xx\n';
  let digit = 0;
  const text = fillHardwareAddresses(base, () => digit++);
  assert.equal(
    text,
    'lxc.net.0.hwaddr = 10:66:6a:01:23:45\nlxc.net.1.hwaddr=66:89:ab:cd:ef:01\n# xx stays\nlxc.net.2.name = xx\n',
  );
  const all = fillHardwareAddresses('lxc.net.0.hwaddr = xx:xx:xx:xx:xx:xx', () => 0xff);
  assert.equal(all, 'lxc.net.0.hwaddr = fe:ff:ff:ff:ff:ff');
});
