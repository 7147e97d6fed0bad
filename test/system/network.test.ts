import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from './harness.ts';
import { lease, makeWorld, OUTSIDE, UPLINK, type World, waitFor } from './network-world.ts';

interface Status {
  readonly state: string;
  readonly ipv4: string;
  readonly ipv6?: string;
  readonly dnsmasqPid: number;
  readonly leases: number;
  readonly leaseLimit: number;
  readonly problems: string[];
}

async function statusOf(world: World): Promise<Status> {
  return JSON.parse((await world.net('status', '--format', 'json')).stdout) as Status;
}

const linksOf = (world: World): string[] => world.run(world.host, 'ls', '/sys/class/net').split('\n');
const rulesOf = (world: World): string => world.run(world.host, 'nft', 'list', 'ruleset');

function dnsmasqsOf(directory: string): number {
  const commands = readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
  return commands.filter(line => line.includes(`--pid-file=${directory}`)).length;
}

test('a guest gets an address, names, and a way out behind the host’s address', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  const upstream = world.begin(
    world.outside,
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--no-daemon',
    `--pid-file=${h.directory}/upstream.pid`,
    '--address=/mirror.example/203.0.113.7',
    '--local=/mirror.example/',
  );
  const server = world.begin(
    world.outside,
    process.execPath,
    '-e',
    "require('net').createServer(s => s.end(s.remoteAddress)).listen(8080, '0.0.0.0', () => console.log('ready'))",
  );
  await waitFor(server, /ready/);
  assert.deepEqual(await world.net('start').then(r => [r.status, r.stdout, r.stderr]), [0, '', '']);

  const one = world.guest('one');
  const monitor = world.begin(one, 'ip', '-o', '-6', 'monitor', 'address');
  const two = world.guest('two');
  const first = lease(world, h, one, 'first');
  const second = lease(world, h, two, 'second');
  assert.match(first.ip, /^10\.115\.([1-9]|1[0-5])\.\d+$/);
  assert.notEqual(first.ip, second.ip);
  assert.deepEqual([first.router, first.dns], ['10.115.0.1', '10.115.0.1']);

  assert.match(
    world.run(one, 'busybox', 'nslookup', 'second', first.dns),
    new RegExp(`Address.*${second.ip}`),
    'names of other guests',
  );
  assert.match(
    world.run(one, 'busybox', 'nslookup', 'mirror.example', first.dns),
    /203\.0\.113\.7/,
    'names of the world',
  );
  world.run(one, 'busybox', 'ping', '-c1', '-W2', second.ip);
  world.run(world.host, 'busybox', 'ping', '-c1', '-W2', first.ip);
  const seen = world.run(
    one,
    process.execPath,
    '-e',
    `require('net').connect(8080, '${OUTSIDE}').on('data', d => console.log(String(d)))`,
  );
  assert.equal(seen.trim(), UPLINK, 'outside sees the host');

  const status = await statusOf(world);
  assert.deepEqual([status.state, status.leases, status.leaseLimit], ['RUNNING', 2, 3839]);
  const [site] = (status.ipv6 ?? '').split(':');
  const [, global] = await waitFor(monitor, new RegExp(`inet6 (${site}:[0-9a-f:]+)/64 scope global`));
  assert.ok(global, 'an address from a router advertisement');
  assert.equal(upstream.exitCode, null);
});

test('callers at once make one bridge, and a bridge is there or not in LXC’s words', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  const starts = await Promise.all([1, 2, 3, 4].map(() => world.net('start')));
  assert.deepEqual(starts.map(({ status, stdout }) => `${status} ${stdout}`).sort(), [
    '0 ',
    ...Array(3).fill('1 tslxc-net is already running\n'),
  ]);
  assert.equal(dnsmasqsOf(h.directory), 1);
  assert.equal(linksOf(world).filter(link => link === h.bridge).length, 1);
  assert.equal((await world.net('restart')).status, 0);
  assert.equal(dnsmasqsOf(h.directory), 1);

  assert.deepEqual(await world.net('stop').then(r => [r.status, r.stdout, r.stderr]), [0, '', '']);
  assert.deepEqual(await world.net('stop').then(r => [r.status, r.stdout]), [1, "tslxc-net isn't running\n"]);
  assert.deepEqual(
    [linksOf(world).includes(h.bridge), rulesOf(world), dnsmasqsOf(h.directory)],
    [false, '', 0],
  );
  assert.deepEqual(readdirSync(join(h.runDir, 'network')), [`${h.bridge}.lock`]);
  assert.deepEqual(await world.net('bounce').then(r => [r.status, r.stdout.split(' ')[0]]), [2, 'Usage:']);
});

test('a network that the host knows is not taken, and the choice lasts', { timeout: 60_000 }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  const ip = (...args: string[]) => execFileSync('ip', ['-n', world.host, ...args]);
  ip('route', 'add', '10.115.0.0/16', 'via', OUTSIDE);
  await world.net('start');
  assert.equal((await statusOf(world)).ipv4, '10.116.0.1/20');
  await world.net('stop');
  ip('route', 'delete', '10.115.0.0/16');
  await world.net('start');
  assert.equal((await statusOf(world)).ipv4, '10.116.0.1/20', 'remembered');
  await world.net('stop');
  ip('route', 'add', '10.116.8.0/24', 'via', OUTSIDE);
  await world.net('start');
  assert.equal((await statusOf(world)).ipv4, '10.115.0.1/20', 'unless it has become taken');
});

test('an address of the settings that is taken is refused by name', { timeout: 60_000 }, async t => {
  const h = harness(t, { network: `  ipv4: 198.51.100.129/25\n  ipv6: none` });
  await using world = makeWorld(h);
  const { status, stderr } = await world.net('start');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^tslxc-net: 198\.51\.100\.128\/25 of tslxc\.yaml overlaps 198\.51\.100\.0\/24, a route of the host by uplink\n {2}hint: choose another network/,
  );
  assert.ok(!linksOf(world).includes(h.bridge));
});

test('a busy port is told with its holder, and nothing stays half made', { timeout: 60_000 }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  const holder = world.begin(
    world.host,
    process.execPath,
    '-e',
    "require('dgram').createSocket('udp4').bind(53, '0.0.0.0', () => console.log('ready'))",
  );
  await waitFor(holder, /ready/);
  const { status, stderr } = await world.net('start');
  assert.equal(status, 1);
  assert.match(stderr, /^tslxc-net: port 53 of 10\.115\.0\.1 is taken by (node|MainThread) \(pid \d+\)\n/);
  assert.deepEqual(
    [linksOf(world).includes(h.bridge), rulesOf(world), dnsmasqsOf(h.directory)],
    [false, '', 0],
  );
});

test('what was broken from outside is seen and put right by the next start', { timeout: 60_000 }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  await world.net('start');
  const breakages: readonly [what: RegExp, how: () => void][] = [
    [
      /dnsmasq has ended/,
      () =>
        process.kill(
          Number(readFileSync(join(h.runDir, 'network', `${h.bridge}.dnsmasq.pid`), 'utf8')),
          'SIGKILL',
        ),
    ],
    [/the nft table .* is gone/, () => void world.run(world.host, 'nft', 'flush', 'ruleset')],
    [/the bridge is gone/, () => execFileSync('ip', ['-n', world.host, 'link', 'delete', h.bridge])],
  ];
  for (const [what, how] of breakages) {
    how();
    const broken = await statusOf(world);
    assert.equal(broken.state, 'BROKEN');
    assert.match(broken.problems.join(), what);
    assert.equal((await world.net('start')).status, 0, String(what));
    const { state, dnsmasqPid } = await statusOf(world);
    assert.equal(state, 'RUNNING');
    assert.ok(existsSync(`/proc/${dnsmasqPid}`));
    assert.equal(dnsmasqsOf(h.directory), 1);
  }
});

test('a starter that was killed midway leaves nothing that the next one trips over', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  // What a kill after each step leaves: the link; its addresses; the table; a dnsmasq that nobody recorded.
  await world.net('start');
  execFileSync('rm', [join(h.runDir, 'network', `${h.bridge}.up`)]);
  assert.equal((await world.net('start')).status, 0);
  assert.equal(dnsmasqsOf(h.directory), 1);
  assert.equal(
    world.run(world.host, 'ip', '-o', '-4', 'address', 'show', h.bridge).trim().split('\n').length,
    1,
  );
});

test('a bridge of somebody else’s is left alone', { timeout: 60_000 }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  execFileSync('ip', ['-n', world.host, 'link', 'add', h.bridge, 'type', 'bridge']);
  const { status, stderr } = await world.net('start');
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^tslxc-net: ${h.bridge} is a bridge that tslxc did not make\\n`));
  assert.equal((await world.net('stop')).status, 1);
  assert.ok(linksOf(world).includes(h.bridge));
});

test('another firewall that drops forwarded packets is named, one that knows the bridge is not', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  world.run(
    world.host,
    'nft',
    'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
  );
  const { status, stderr } = await world.net('start');
  assert.equal(status, 0);
  assert.match(
    stderr,
    /another firewall drops what containers send: the policy of chain FORWARD of the nft table ip filter is drop/,
  );
  world.run(
    world.host,
    'nft',
    `add rule ip filter FORWARD iifname ${h.bridge} accept; add rule ip filter FORWARD oifname ${h.bridge} accept`,
  );
  assert.equal((await world.net('restart')).stderr, '');
});

const skip = existsSync('/usr/sbin/iptables-legacy') ? false : 'iptables is not installed here';

test('rules of the old iptables are seen too', { timeout: 60_000, skip }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  world.run(world.host, 'iptables-legacy', '-P', 'INPUT', 'DROP');
  const { status, stderr } = await world.net('start');
  assert.equal(status, 0);
  assert.match(
    stderr,
    /another firewall drops DHCP and DNS of containers: the policy of iptables' chain INPUT is drop/,
  );
});

test('a bridge with containers on it is stopped but stays, and serves them again after a start', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  await world.net('start');
  const guest = world.guest('one');
  const before = lease(world, h, guest, 'one');
  const { status, stderr } = await world.net('stop');
  assert.deepEqual(
    [status, stderr],
    [0, `tslxc-net: ${h.bridge} stays, without addresses: 1 interface is still on it\n`],
  );
  assert.ok(linksOf(world).includes(h.bridge));
  assert.equal(dnsmasqsOf(h.directory), 0);
  assert.equal((await world.net('start')).status, 0);
  world.run(guest, 'busybox', 'ping', '-c1', '-W5', before.router);
  assert.equal((await statusOf(world)).leases, 1);
});

test('a missing program is named with its package', { timeout: 60_000 }, async t => {
  const h = harness(t);
  await using world = makeWorld(h);
  const { status, stderr } = await world.without('/usr/sbin', 'start');
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'tslxc-net: nft and dnsmasq are not installed\n  hint: apt-get install nftables dnsmasq-base\n',
  );
  assert.ok(!linksOf(world).includes(h.bridge));
});
