// tslxc-create without a template on a real terminal: what it asks, what it makes, and how it leaves the terminal.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { deadPort } from '../cli/dead-port.ts';
import { type Harness, harness } from '../system/harness.ts';
import { assertRestored, type Terminal, watched } from '../system/live.ts';
import { entriesOf, takenRanges } from './places.ts';

const UP = '\u001b[A';
const ENTER = '\r';

function asking(t: Parameters<typeof watched>[0], h: Harness, ...args: string[]): Terminal {
  const program = join(installation().root, 'dist/bin/tslxc-create');
  return watched(t, program, args, { ...h.env, TERM: 'linux', NO_COLOR: '1' });
}

/** From debian, the usual one, to busybox, which is before it in the list. */
async function chooseBusybox(terminal: Terminal): Promise<void> {
  await terminal.see(/> debian/);
  for (let at = 'debian'; at !== 'busybox'; ) {
    terminal.write(UP);
    at = /> (\w+)/.exec(await terminal.see(/> (?!debian)\w+/))?.[1] ?? '';
  }
  terminal.write(ENTER);
}

test('asks, shows the config and the same command line, and creates', async t => {
  const h = harness(t);
  const terminal = asking(t, h);
  await chooseBusybox(terminal);
  await terminal.see('Name: (busybox1)');
  terminal.write(`${h.name('asked')}${ENTER}`);
  await terminal.see('Memory at most');
  terminal.write(`much${ENTER}`);
  await terminal.see('not a size; write 512M or 2G');
  terminal.write(`\b\b\b\b64M${ENTER}`);
  await terminal.see('CPUs at most');
  terminal.write(`1.5${ENTER}`);
  await terminal.see(new RegExp(`> ${h.bridge}`));
  terminal.write(ENTER);
  await terminal.see('How root logs in');
  terminal.write(ENTER);
  await terminal.see('lxc.cgroup2.memory.max = 64M');
  await terminal.see(`--name ${h.name('asked')} --template busybox --memory 64M --cpus 1.5`);
  await terminal.see('Create it?');
  terminal.write(ENTER);
  await terminal.see('status 0');
  await assertRestored(terminal);
  const text = h.config(h.name('asked'));
  assert.match(text, /^lxc\.cgroup2\.memory\.max = 64M$/m);
  assert.match(text, /^lxc\.cgroup2\.cpu\.max = 150000 100000$/m);
  assert.ok(existsSync(join(h.lxcpath, h.name('asked'), '.tslxc/id')));
});

test('Ctrl-C at a question, and "no" at the end: nothing is made, and it says so', async t => {
  const h = harness(t);
  const torn = asking(t, h);
  await torn.see(/> debian/);
  torn.write('\u0003');
  await torn.see('interrupted; nothing was made');
  await torn.see('status 130');
  await assertRestored(torn);

  const given = ['-n', h.name('x'), '--memory=64M', '--cpus=1', '--network=none', '--no-password'];
  const declined = asking(t, h, ...given);
  await chooseBusybox(declined);
  await declined.see(`--template busybox`);
  await declined.see('Create it?');
  declined.write(`n${ENTER}`);
  await declined.see('nothing was made');
  await declined.see('status 1');
  await assertRestored(declined);
  assert.deepEqual([entriesOf(h), takenRanges(h)], [[], []]);
});

test('a mirror that does not answer: another is asked for, and what that one has is offered', async t => {
  const h = harness(t);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const release = /^\/u\/dists\/(noble|jammy)\/InRelease$/.exec(request.url ?? '')?.[1];
    response.writeHead(release ? 200 : 404);
    response.end(release && `Codename: ${release}\nArchitectures: all amd64 s390x\n`);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  // No name is resolved behind this proxy, as in a closed network.
  const env = { http_proxy: `http://127.0.0.1:${await deadPort()}`, no_proxy: '127.0.0.1' };
  const given = ['-n', h.name('x'), '--memory=64M', '--cpus=1', '--network=none', '--no-password'];
  const terminal = asking(t, { ...h, env: { ...h.env, ...env } }, ...given);
  await terminal.see(/> debian/);
  terminal.write('ubuntu');
  await terminal.see(/> ubuntu/);
  terminal.write(ENTER);
  await terminal.see(/can't get http:\/\/archive\.ubuntu\.com\/\S+: /);
  await terminal.see('Another mirror');
  terminal.write(`http://127.0.0.1:${port}/u${ENTER}`);
  await terminal.see(/Release:.*> noble\r\n {2}jammy\r\n/s);
  terminal.write(ENTER);
  await terminal.see(/Architecture:.*amd64.*s390x/s);
  terminal.write(ENTER);
  await terminal.see(`-- --release noble --arch amd64 --mirror http://127.0.0.1:${port}/u`);
  await terminal.see('Create it?');
  terminal.write('\u0003');
  await terminal.see('status 130');
  await assertRestored(terminal);
  assert.ok(asked.length >= 2);
  assert.deepEqual(entriesOf(h), []);
});

test('nobody is asked without a terminal, with --format or -q, and by the name of lxc-create', async t => {
  const h = harness(t);
  const config = join(h.directory, 'config');
  writeFileSync(config, '');
  const bare = await h.run('create', []);
  assert.deepEqual([bare.status, bare.stderr], [1, 'tslxc-create: No container name specified\n']);
  const named = await h.run('create', ['-n', h.name('x')]);
  assert.match(named.stderr, /: A template must be specified\n {2}hint: .*tslxc-templates/);
  for (const words of [
    ['-q', '-n', h.name('x')],
    ['--format', 'json', '-n', h.name('x')],
  ]) {
    const terminal = asking(t, h, ...words);
    await terminal.see('status 1');
    await assertRestored(terminal);
  }
  const lxc = watched(t, join(installation().root, 'dist/compat/lxc-create'), ['-n', h.name('x')], h.env);
  await lxc.see('A template must be specified');
  await lxc.see('status 1');
  await assertRestored(lxc);
});
