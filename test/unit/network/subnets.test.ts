import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatAddress,
  formatHost,
  formatNetwork,
  overlaps,
  parseAddress,
  type Span,
  spanOf,
} from '../../../src/network/address.ts';
import { bridgeMac, chooseIpv4, chooseIpv6, leaseRange } from '../../../src/network/subnets.ts';

const host = (text: string) => {
  const parsed = parseAddress(text);
  assert.ok(parsed, text);
  return parsed;
};
const taken = (...texts: string[]): Span[] => texts.map(text => spanOf(host(text)));

test('addresses are read and written as usual', () => {
  for (const text of [
    '10.115.0.1/20',
    '255.255.255.255/32',
    'fd6f:992f::1/64',
    '::/0',
    '::1/128',
    '2001:db8:0:1:1:1:1:1/64',
    '1::/16',
  ])
    assert.equal(formatHost(host(text)), text);
  assert.equal(formatNetwork(host('10.115.3.9/20')), '10.115.0.0/20');
  assert.equal(formatHost(host('::ffff:10.0.0.1')), '::ffff:a00:1/128');
  for (const text of ['', '10.0.0.1/33', '10.0.0', 'fe80::1%eth0', '10.0.0.1/x', '10.0.0.1/8/8', 'default'])
    assert.equal(parseAddress(text), undefined, text);
});

test('every IPv6 address reads back as it was', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
      fc.array(fc.integer({ min: 0, max: 7 })),
      (number, zeros) => {
        const address = zeros.reduce((rest, group) => rest & ~(0xffffn << BigInt(16 * group)), number);
        assert.equal(host(formatAddress(6, address)).address, address);
      },
    ),
  );
});

test('the first private /20 that nothing of the host touches is chosen, always the same', () => {
  assert.equal(formatHost(chooseIpv4([]) ?? host('::')), '10.115.0.1/20');
  const choose = (...texts: string[]) => chooseIpv4(taken(...texts));
  assert.equal(formatHost(choose('10.115.4.7') ?? host('::')), '10.115.16.1/20');
  assert.equal(formatHost(choose('10.115.0.0/16') ?? host('::')), '10.116.0.1/20');
  assert.equal(formatHost(choose('10.0.0.0/8') ?? host('::')), '172.16.0.1/20');
  assert.equal(formatHost(choose('10.0.0.0/8', '172.16.0.0/12') ?? host('::')), '192.168.0.1/20');
  assert.equal(
    formatHost(choose('10.115.0.0/16', '10.116.0.0/14', '10.120.0.0/13', '10.128.0.0/9') ?? host('::')),
    '10.0.0.1/20',
  );
  assert.equal(choose('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'), undefined);
  assert.equal(choose('0.0.0.0/0'), undefined);
});

test('the unique local prefix is the machine’s and the bridge’s own', () => {
  const [a, b, c] = [
    chooseIpv6('m1', 'tslxcbr0'),
    chooseIpv6('m2', 'tslxcbr0'),
    chooseIpv6('m1', 'tslxcbr0', 1),
  ];
  assert.match(formatHost(a), /^fd[0-9a-f]{2}:[0-9a-f:]+::1\/64$/);
  assert.deepEqual(a, chooseIpv6('m1', 'tslxcbr0'));
  assert.equal(new Set([a, b, c].map(formatHost)).size, 3);
  assert.ok(!overlaps(spanOf(a), spanOf(b)));
  assert.match(bridgeMac('tslxcbr0'), /^02(:[0-9a-f]{2}){5}$/);
});

test('leases cover the range, without the bridge, the broadcast and the part for written addresses', () => {
  const range = (text: string) => {
    const { first, last, count } = leaseRange(host(text));
    return [formatAddress(4, first), formatAddress(4, last), count];
  };
  assert.deepEqual(range('10.115.0.1/20'), ['10.115.1.0', '10.115.15.254', 3839]);
  assert.deepEqual(range('10.0.3.1/24'), ['10.0.3.2', '10.0.3.254', 253]);
  assert.deepEqual(range('10.0.3.254/24'), ['10.0.3.1', '10.0.3.253', 253]);
  assert.deepEqual(range('192.168.9.1/30'), ['192.168.9.2', '192.168.9.2', 1]);
});
