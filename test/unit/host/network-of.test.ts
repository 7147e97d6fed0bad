import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalAddresses, interfaceNames, localAddresses } from '../../../src/host/network-of.ts';

test('names of /proc/net/dev', () => {
  const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0:12345678      20    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
`;
  assert.deepEqual(interfaceNames(dev), ['lo', 'eth0']);
});

test('addresses that fib_trie calls local, each once, without 127.0.0.0/8', () => {
  const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.3.0/24 2 0 2
        |-- 10.0.3.0
           /24 link UNICAST
        |-- 10.0.3.7
           /32 host LOCAL
        |-- 10.0.3.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
Local:
        |-- 10.0.3.7
           /32 host LOCAL
`;
  assert.deepEqual(localAddresses(trie), ['10.0.3.7']);
});

test('global addresses of if_inet6, short', () => {
  const table = `fd27cffef625000012666afffe95d0f7 02 40 00 80     eth0
fe8000000000000012666afffe95d0f7 02 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
`;
  assert.deepEqual(globalAddresses(table), ['fd27:cffe:f625:0:1266:6aff:fe95:d0f7']);
});
