import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../../../src/images/oci/image.ts';
import { chooseStart, type InitChoice } from '../../../../src/images/oci/init.ts';

/** A tree of programs: their texts by path, or `-> TARGET`. */
function treeOf(t: TestContext, programs: Readonly<Record<string, string>>): string {
  const rootfs = mkdtempSync(join(tmpdir(), 'tslxctest-init-'));
  t.after(() => rmSync(rootfs, { recursive: true }));
  for (const [path, text] of Object.entries(programs)) {
    const file = join(rootfs, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else writeFileSync(file, text);
    if (!text.startsWith('-> ')) chmodSync(file, 0o755);
  }
  return rootfs;
}

function chosen(rootfs: string, config: object, choice: InitChoice = 'auto'): string | undefined {
  const about = readConfig({ os: 'linux', architecture: 'amd64', config, rootfs: { diff_ids: [] } }, 'it');
  const start = chooseStart(rootfs, about, choice)?.start;
  return start && (start.kind === 'init' ? `init ${start.path}` : start.argv.join(' '));
}

test('a real init boots where the image names no command but a shell; a command wins over it', t => {
  const systemd = treeOf(t, {
    'lib/systemd/systemd': 'x',
    'sbin/init': '-> /lib/systemd/systemd',
    'bin/app': 'x',
  });
  for (const config of [{}, { Cmd: ['/bin/bash'] }, { Cmd: ['sh'] }, { Entrypoint: ['/sbin/init'] }])
    assert.equal(chosen(systemd, config), 'init /sbin/init', JSON.stringify(config));
  for (const config of [{ Entrypoint: ['/bin/app'] }, { Cmd: ['/bin/sh', '-c', 'x'] }])
    assert.notEqual(chosen(systemd, config), 'init /sbin/init', JSON.stringify(config));
  assert.equal(chosen(systemd, { Entrypoint: ['/bin/app'] }, 'image'), 'init /sbin/init');
  assert.equal(chosen(systemd, { Cmd: ['/bin/bash'] }, 'command'), '/bin/bash');
});

test('busybox is an init only where there is something for it to start', t => {
  const bare = { 'bin/busybox': '\0BusyBox v1.36', 'sbin/init': '-> /bin/busybox', 'bin/sh': '-> busybox' };
  assert.equal(chosen(treeOf(t, bare), { Cmd: ['/bin/sh'] }), '/bin/sh');
  const alpine = { ...bare, 'etc/inittab': 'x' };
  assert.equal(
    chosen(treeOf(t, alpine), { Cmd: ['/bin/sh'] }),
    '/bin/sh',
    'the image of Alpine has no OpenRC',
  );
  assert.equal(chosen(treeOf(t, { ...alpine, 'sbin/openrc': 'x' }), { Cmd: ['/bin/sh'] }), 'init /sbin/init');
});

test('a command is found by the image’s PATH, or from its directory; a link out of the tree is none', t => {
  const rootfs = treeOf(t, {
    'opt/app': 'x',
    'srv/run.sh': 'x',
    'usr/bin/app': '-> /nowhere',
    'bin/sh': 'x',
  });
  assert.equal(chosen(rootfs, { Cmd: ['app', 'a'], Env: ['PATH=/usr/bin:/opt'] }), '/opt/app a');
  assert.equal(chosen(rootfs, { Cmd: ['./run.sh'], WorkingDir: '/srv' }), '/srv/run.sh');
  assert.equal(chosen(rootfs, { Cmd: ['absent'] }), 'absent');
  assert.equal(chosen(rootfs, {}), '/bin/sh');
  assert.equal(chosen(treeOf(t, { 'etc/x': '' }), {}), undefined);
});
