import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Harness, harness } from './harness.ts';

/** The address that the guest of that host name leased, as soon as dnsmasq has written it down. */
function leaseOf({ directory, bridge }: Harness, hostname: string): Promise<string> {
  const folder = join(directory, 'leases');
  return new Promise(resolve => {
    const watcher = watch(folder, look);
    function look(): void {
      const line = readLines(join(folder, `${bridge}.leases`)).find(fields => fields[3] === hostname);
      if (!line?.[2]) return;
      watcher.close();
      resolve(line[2]);
    }
    look();
  });
}

function readLines(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.split(' '));
  } catch {
    return []; // nobody has a lease yet
  }
}

test('a guest boots with an address, reaches the host and its neighbours, and is reached', {
  timeout: 120_000,
}, async t => {
  const h = harness(t);
  const [one, two] = [h.name('one'), h.name('two')];
  for (const name of [one, two]) {
    await h.ok('create', ['-t', 'busybox', '-n', name]);
    await h.ok('start', ['-n', name]);
  }
  const [first, second] = [await leaseOf(h, one), await leaseOf(h, two)];
  assert.notEqual(first, second);
  // The lease is written before the client has applied it: ARP answers when it has.
  execFileSync('busybox', ['ping', '-c1', '-W5', first]);
  const { stdout } = await h.ok('info', ['-n', one, '-iH']);
  assert.ok(stdout.split('\n').includes(first), stdout);

  const status = JSON.parse((await h.ok('net', ['status', '--format', 'json'])).stdout) as {
    ipv4: string;
    ports: string[];
  };
  assert.equal(status.ports.length, 2);
  const [gateway = ''] = status.ipv4.split('/');
  const inside = (...command: string[]) => h.ok('attach', ['-n', one, '--', ...command]);
  await inside('ping', '-c1', '-W5', gateway);
  await inside('ping', '-c1', '-W5', second);
  assert.match((await inside('nslookup', two)).stdout, new RegExp(second.replaceAll('.', '\\.')), 'by name');

  await h.ok('stop', ['-n', one]);
  const after = JSON.parse((await h.ok('net', ['status', '--format', 'json'])).stdout) as { ports: string[] };
  assert.equal(after.ports.length, 1, 'the link goes with its container');
});

test('two first starts at once make the bridge once', { timeout: 120_000 }, async t => {
  const h = harness(t);
  const names = ['a', 'b', 'c'].map(suffix => h.name(suffix));
  for (const name of names) await h.ok('create', ['-t', 'busybox', '-n', name]);
  await Promise.all(names.map(name => h.ok('start', ['-n', name])));
  const addresses = await Promise.all(names.map(name => leaseOf(h, name)));
  assert.equal(new Set(addresses).size, names.length);
});

test('a config that names a bridge of somebody else’s that is not there is refused by its line', {
  timeout: 60_000,
}, async t => {
  const h = harness(t);
  const name = h.name('bridgeless');
  await h.ok('create', ['-t', 'busybox', '-n', name]);
  const { status, stderr } = await h.run('start', ['-n', name, '-s', `lxc.net.0.link = tslxctestnone`]);
  assert.equal(status, 1);
  assert.match(stderr, /there is no bridge tslxctestnone/);
  assert.match(stderr, new RegExp(`lxc\\.net\\.N\\.link = ${h.bridge}, which is made on demand`));
});
