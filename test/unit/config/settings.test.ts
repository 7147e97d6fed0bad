import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSystemConfig, readSystemKey, systemKeys } from '../../../src/config/lxc-conf.ts';
import { ConfigError, describeProblem } from '../../../src/config/problem.ts';
import { loadSettings, type SettingsOptions } from '../../../src/config/settings.ts';
import { installation } from '../../../src/host/installation.ts';

const withFiles = (
  files: Readonly<Record<string, string>>,
  more: Partial<SettingsOptions> = {},
): SettingsOptions => ({
  env: {},
  flavour: 'tslxc',
  uid: 0,
  source: {
    read(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      return text;
    },
    list: () => undefined,
  },
  ...more,
});

async function problemsOf(yaml: string): Promise<string[]> {
  try {
    await loadSettings(withFiles({ '/etc/tslxc/tslxc.yaml': yaml }));
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(
      problem => `${describeProblem(problem)}${problem.hint ? ` (${problem.hint})` : ''}`,
    );
  }
}

test('without files root has the paths of the host', async () => {
  const { system: _system, ...settings } = await loadSettings(withFiles({}));
  assert.deepEqual(settings, {
    flavour: 'tslxc',
    lxcpath: '/var/lib/tslxc',
    stateDir: '/var/lib/tslxc',
    runDir: '/run/tslxc',
    cacheDir: '/var/cache/tslxc',
    defaultConfig: '/etc/tslxc/default.conf',
    subuidFile: '/etc/subuid',
    subgidFile: '/etc/subgid',
    network: {
      bridge: 'tslxcbr0',
      ipv4: 'auto',
      ipv6: 'auto',
      table: 'tslxc',
      leasesDir: '/var/lib/tslxc/.network',
    },
    imageServers: [],
    file: undefined,
  });
});

test('a plain user has paths below HOME, and needs one', async () => {
  const env = { HOME: '/home/u', XDG_RUNTIME_DIR: '/run/user/7' };
  const settings = await loadSettings(withFiles({}, { uid: 7, env }));
  assert.deepEqual(
    [settings.lxcpath, settings.runDir, settings.cacheDir, settings.defaultConfig],
    [
      '/home/u/.local/share/tslxc',
      '/run/user/7/tslxc',
      '/home/u/.cache/tslxc',
      '/home/u/.config/tslxc/default.conf',
    ],
  );
  await assert.rejects(loadSettings(withFiles({}, { uid: 7 })), { code: 'NO_HOME' });
});

test('every setting of the file is taken', async () => {
  const yaml =
    'lxcpath: /l\nstate_dir: /s\nrun_dir: /r\ncache_dir: /c\ndefault_config: /d\nsubuid_file: /u\nsubgid_file: /g\nlxc_conf: /x\nnetwork: {bridge: br7, ipv4: 10.5.0.1/22, ipv6: none, domain: lxc.test, table: t, leases_dir: /le}\n';
  const settings = await loadSettings(
    withFiles({ '/my.yaml': yaml }, { env: { TSLXC_SETTINGS: '/my.yaml' } }),
  );
  assert.deepEqual(
    [
      settings.lxcpath,
      settings.stateDir,
      settings.runDir,
      settings.cacheDir,
      settings.defaultConfig,
      settings.subuidFile,
      settings.subgidFile,
      settings.file,
    ],
    ['/l', '/s', '/r', '/c', '/d', '/u', '/g', '/my.yaml'],
  );
  assert.deepEqual(settings.network, {
    bridge: 'br7',
    ipv4: '10.5.0.1/22',
    ipv6: 'none',
    domain: 'lxc.test',
    table: 't',
    leasesDir: '/le',
  });
});

test('image servers are a list; each has an address', async () => {
  const read = (text: string) => loadSettings(withFiles({ '/etc/tslxc/tslxc.yaml': text }));
  const { imageServers } = await read(
    'image_servers:\n  - url: https://a.test\n    key: /k.asc\n  - url: http://b.test\n',
  );
  assert.deepEqual(imageServers, [{ url: 'https://a.test', key: '/k.asc' }, { url: 'http://b.test' }]);
  for (const bad of [
    'image_servers: x',
    'image_servers:\n  - key: /k',
    'image_servers:\n  - url: ftp://x',
    'image_servers: [1]',
  ])
    await assert.rejects(read(`${bad}\n`), { code: 'CONFIG_INVALID' }, bad);
});

test('a file that was named must be there', async () => {
  await assert.rejects(loadSettings(withFiles({}, { env: { TSLXC_SETTINGS: '/gone' } })), {
    code: 'SETTINGS_UNREADABLE',
    message: 'cannot read /gone: no such file',
  });
});

test('called as lxc-*, paths are those of LXC and its lxc.conf; ids and run state stay ours', async () => {
  const plain = await loadSettings(withFiles({}, { flavour: 'lxc' }));
  assert.deepEqual(
    [plain.lxcpath, plain.defaultConfig, plain.runDir, plain.stateDir],
    ['/var/lib/lxc', '/etc/lxc/default.conf', '/run/tslxc', '/var/lib/tslxc'],
  );
  const conf =
    '#c\n # lxc.lxcpath = /no\nlxc.lxcpath = /srv/lxc//\nlxc.lxcpath = /later\nlxc.default_config=\n';
  const said = await loadSettings(withFiles({ '/etc/lxc/lxc.conf': conf }, { flavour: 'lxc' }));
  assert.deepEqual([said.lxcpath, said.defaultConfig], ['/srv/lxc', '/etc/lxc/default.conf']);
  const other = await loadSettings(
    withFiles({ '/etc/tslxc/tslxc.yaml': 'lxc_conf: /o', '/o': 'lxc.lxcpath = /p' }, { flavour: 'lxc' }),
  );
  assert.equal(other.lxcpath, '/p');
});

test('everything wrong in the file is told with its place', async () => {
  assert.deepEqual(
    await problemsOf(
      'lxcpath: rel\nnetwok:\n  bridge: x\nnetwork:\n  bridge: thisisaverylongbridgename\n  ipv4: 10.0.0.1\nrun_dir: 5\ncache_dir: /a/../b\n',
    ),
    [
      '/etc/tslxc/tslxc.yaml:1:10: lxcpath: not an absolute path',
      '/etc/tslxc/tslxc.yaml:2:1: unknown setting "netwok" (Did you mean network?)',
      '/etc/tslxc/tslxc.yaml:5:11: network.bridge: not the name of an interface',
      '/etc/tslxc/tslxc.yaml:6:9: network.ipv4: neither auto nor ADDRESS/PREFIX',
      '/etc/tslxc/tslxc.yaml:7:10: run_dir: not a text',
      '/etc/tslxc/tslxc.yaml:8:12: cache_dir: a path with ".."',
    ],
  );
  assert.match((await problemsOf('lxcpath: [/a\n'))[0] ?? '', /tslxc\.yaml:2:1: /);
  assert.match((await problemsOf('a: 1\na: 2\n'))[0] ?? '', /tslxc\.yaml:2:1: Map keys must be unique/);
  assert.deepEqual(await problemsOf('- x\n'), [
    '/etc/tslxc/tslxc.yaml:1:1: the file is not a mapping of settings',
  ]);
  assert.match((await problemsOf('network: x\n'))[0] ?? '', /1:10: network is not a mapping/);
  assert.match((await problemsOf('lxcpath: &a /x\nrun_dir: *a\n'))[0] ?? '', /2:10: run_dir: not a text/);
});

test('the shipped tslxc.yaml holds every setting, commented out, with its default', async () => {
  const shipped = readFileSync(join(installation().etc, 'tslxc.yaml'), 'utf8');
  assert.deepEqual(await problemsOf(shipped), []);
  const active = shipped.replace(/^(\s*)#(?=\w+:)/gm, '$1');
  const settings = await loadSettings(withFiles({ '/etc/tslxc/tslxc.yaml': active }));
  const { network, ...defaults } = await loadSettings(withFiles({}));
  assert.deepEqual({ ...settings, network: undefined, file: undefined }, { ...defaults, network: undefined });
  assert.deepEqual(settings.network, { ...network, domain: 'lxc' });
});

test('lxc-config shows seven keys, and takes abbreviations as LXC does', () => {
  assert.equal(systemKeys().length, 7);
  const config = parseSystemConfig('lxc.cgroup.use = @all\nlxc.unknown = 1\n', {
    'lxc.lxcpath': '/l',
    'lxc.default_config': '/d',
    'lxc.bdev.lvm.vg': 'lxc',
    'lxc.bdev.lvm.thin_pool': 'lxc',
    'lxc.bdev.zfs.root': 'lxc',
    'lxc.bdev.rbd.rbdpool': 'lxc',
  });
  assert.deepEqual(readSystemKey(config, 'lxc'), { key: 'lxc.default_config', value: '/d' });
  assert.deepEqual(readSystemKey(config, 'lxc.lxcpath'), { key: 'lxc.lxcpath', value: '/l' });
  assert.deepEqual(readSystemKey(config, 'lxc.cgroup.use'), { key: 'lxc.cgroup.use', value: '@all' });
  assert.deepEqual(readSystemKey(config, 'lxc.cgroup.pattern'), { key: 'lxc.cgroup.pattern' });
  assert.equal(readSystemKey(config, 'lxc.nope'), undefined);
});

test('TSLXC_CACHE, which templates get, comes before the file and the user', async () => {
  const files = { '/etc/tslxc/tslxc.yaml': 'cache_dir: /c\n' };
  const cache = async (env: Record<string, string>) =>
    (await loadSettings(withFiles(files, { env }))).cacheDir;
  assert.equal(await cache({ TSLXC_CACHE: '/home/ada/.cache/tslxc' }), '/home/ada/.cache/tslxc');
  assert.equal(await cache({ TSLXC_CACHE: 'relative' }), '/c');
});
