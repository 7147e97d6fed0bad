import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerLines, promisedDirectories } from '../../../../src/images/oci/container.ts';
import type { ImageConfig } from '../../../../src/images/oci/image.ts';
import { readConfig } from '../../../../src/images/oci/image.ts';

const ROOT = { uid: 0, gid: 0, groups: [], home: '/root' };

function configOf(config: object): ImageConfig {
  return readConfig({ os: 'linux', architecture: 'amd64', config, rootfs: { diff_ids: [] } }, 'it');
}

function lines(config: object, argv = ['/bin/x']): string[] {
  return containerLines(configOf(config), { kind: 'command', argv }, ROOT);
}

test('no value of an image can add a line, or steer a terminal', () => {
  const hostile: [object, string[]?][] = [
    [{ Env: ['A=b\nlxc.include = /x'] }],
    [{ Env: ['A=\u001b[2J'] }],
    [{ Env: ['A=\u0085'] }],
    [{ WorkingDir: '/a\rb' }],
    [{ Volumes: { '/a\nb': {} } }],
    [{}, ['/bin/x', 'a\nlxc.include = /x']],
    [{}, ['/bin/x', '\0']],
  ];
  for (const [config, argv] of hostile)
    assert.throws(() => [lines(config, argv), promisedDirectories(configOf(config))], /control character/);
});

test('what is no value of its kind is refused by name', () => {
  const wrong: [object, RegExp][] = [
    [{ Env: ['NOTHING'] }, /"NOTHING", which is no NAME=VALUE/],
    [{ Env: ['=x'] }, /no NAME=VALUE/],
    [{ Env: [7] }, /Env: it is not a list of texts/],
    [{ Cmd: 'sh' }, /Cmd: it is not a list/],
    [{ WorkingDir: 'srv' }, /"srv", is no absolute path/],
    [{ WorkingDir: '/a/../../b' }, /no absolute path/],
    [{ StopSignal: 'SIGNOTHING' }, /"SIGNOTHING", which is no signal/],
  ];
  for (const [config, message] of wrong) assert.throws(() => lines(config), message);
});

test('signals by name, by bare name and by number; a PATH and a home where there are none', () => {
  for (const [word, signal] of [
    ['SIGQUIT', 'SIGQUIT'],
    ['quit', 'SIGQUIT'],
    ['3', 'SIGQUIT'],
    ['SIGRTMIN+3', 'SIGRTMIN+3'],
    ['', 'SIGTERM'],
  ])
    assert.ok(lines({ StopSignal: word }).includes(`lxc.signal.halt = ${signal}`), word);
  const bare = lines({});
  assert.ok(
    bare.includes('lxc.environment = PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'),
  );
  assert.ok(bare.includes('lxc.environment = HOME=/root'));
  const own = lines({ Env: ['PATH=/x', 'HOME=/y'] }).filter(line => line.startsWith('lxc.environment'));
  assert.deepEqual(own, ['lxc.environment = PATH=/x', 'lxc.environment = HOME=/y']);
});
