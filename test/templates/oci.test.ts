import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { busyboxMembers, imageOf, layerOf, writeLayout } from './oci-images.ts';
import { entriesOf } from './places.ts';

test('a layout: the container runs the image’s command, as its user, there, with its environment', async t => {
  const h = harness(t);
  const words = ['two words', `it's`, 'a "b"', `both ' and "`, ''];
  const layout = imageOf([layerOf(busyboxMembers())], {
    Entrypoint: ['/bin/sh', '-c', `{ id; pwd; env; printf "<%s>" "$@"; } >/tmp/out; exec sleep 1000`, 'sh'],
    Cmd: words,
    Env: ['GREETING=hello  world', 'TABBED=a\tb', 'QUOTED="x y" '],
    WorkingDir: '/srv/work',
    User: 'app',
    StopSignal: 'SIGKILL',
    Volumes: { '/data/one': {} },
  });
  const name = h.name('a1');
  const url = `oci:${writeLayout(join(h.directory, 'layout'), 'v1', layout)}:v1`;
  const made = await h.ok('create', ['-n', name, '-t', 'oci', '--', '--url', url]);
  assert.equal(made.stderr, '');
  assert.match(
    made.stdout,
    /^Unpacking 1 layer of \/.*\/layout:v1\nIt runs the image's command, \/bin\/sh\n$/,
  );

  await h.ok('start', ['-n', name]);
  const { stdout } = await h.ok('attach', ['-n', name, '--', '/bin/cat', '/tmp/out']);
  const lines = stdout.split('\n');
  assert.equal(lines[0], 'uid=1000(app) gid=1001(app) groups=2002(extra)');
  assert.equal(lines[1], '/srv/work');
  for (const setting of ['GREETING=hello  world', 'TABBED=a\tb', 'QUOTED="x y" ', 'HOME=/srv/app'])
    assert.ok(lines.includes(setting), setting);
  assert.equal(lines.at(-1), words.map(word => `<${word}>`).join(''));
  const tree = await h.ok('attach', [
    '-n',
    name,
    '--',
    '/bin/sh',
    '-c',
    'ls -d /data/one; cat /etc/hostname; ip -4 addr; ip route',
  ]);
  assert.match(tree.stdout, new RegExp(`^/data/one\n${name}\n`));
  assert.match(
    tree.stdout,
    /inet 10\.[\d.]+\/20 .* eth0\n(.*\n)*default via 10\./,
    'by the host’s DHCP client',
  );
  await h.ok('stop', ['-n', name]);
  await h.ok('destroy', ['-n', name]);
  assert.deepEqual(entriesOf(h), []);
});
