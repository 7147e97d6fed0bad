// LXC beside tslxc, the slow ones: each of our distributions made by LXC's own lxc-create, privileged and with an id map, and each of
// LXC's distributions that can be made here made by tslxc.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness } from '../system/harness.ts';
import { until } from '../system/live.ts';
import { serveImages } from '../templates/image-server.ts';
import { folder, loopback, sharedData } from '../templates/loopback.ts';
import { busyboxMembers, imageOf, layerOf, writeLayout } from '../templates/oci-images.ts';
import { makePacmanRepo } from '../templates/pacman-repo.ts';
import { makeOpenSuseRepo } from '../templates/rpm-repo.ts';
import { makeSmallGuest } from '../templates/small-guest.ts';
import { throwAwayKey } from '../templates/throw-away-key.ts';
import { lxcTemplate, noLxc, runUnderLxc } from '../templates/under-lxc.ts';

const CREATE_MS = 600_000;
const alpine = sharedData('alpine');
const el7 = sharedData('el7-repo');
const images = sharedData('images');

/** What a template of ours is called with; servers that it needs are there until the test ends. */
const OURS: Readonly<Record<string, { skip: string | false; words: (t: TestContext) => Promise<string[]> }>> =
  {
    debian: { skip: false, words: async () => [] },
    alpine: {
      skip: alpine.skip,
      words: async t => {
        const { url } = await loopback(t, folder(join(alpine.directory, 'apk-repo')));
        return [
          '-r',
          '3.13',
          '--mirror',
          url,
          '--keyring',
          join(alpine.directory, 'apk-repo/tslxc-test.rsa.pub'),
        ];
      },
    },
    centos: {
      skip: el7.skip,
      words: async t => {
        const { url } = await loopback(t, folder(el7.directory));
        const repository = '7/os/x86_64';
        const key = join(el7.directory, repository, 'RPM-GPG-KEY-tslxc-test');
        return ['-R', '7', '--repo', `${url}/${repository}`, '--keyring', key];
      },
    },
    sshd: { skip: existsSync('/usr/sbin/sshd') ? false : 'sshd is not installed', words: async () => [] },
    download: {
      skip: images.skip,
      words: async t => {
        const { url } = await serveImages(t, images.directory);
        return ['-d', 'alpine', '-r', '3.13', '-a', 'amd64', '--server', url, '--no-validate'];
      },
    },
    opensuse: {
      skip: existsSync('/usr/bin/zypper') ? false : 'zypper is not installed',
      words: async t => {
        const key = throwAwayKey(t);
        const { directory } = harness(t);
        makeOpenSuseRepo(directory, key);
        const { url } = await loopback(t, folder(directory));
        return ['--repo', url, '--keyring', key.file];
      },
    },
    oci: {
      skip: false,
      words: async t => {
        const { directory } = harness(t);
        const command = { Cmd: ['sh', '-c', 'exec sleep 1000'], User: 'app' };
        return [
          '--url',
          `oci:${writeLayout(directory, 'latest', imageOf([layerOf(busyboxMembers())], command))}`,
        ];
      },
    },
    archlinux: {
      skip: existsSync('/usr/bin/pacman') ? false : 'pacman is not installed',
      words: async t => {
        const key = throwAwayKey(t);
        const { directory } = harness(t);
        const guest = { name: 'guest', fill: makeSmallGuest, key };
        makePacmanRepo(directory, 'core', [{ name: 'base', depends: ['guest'], key }, guest]);
        makePacmanRepo(directory, 'extra', [{ name: 'more', key }]);
        const { url } = await loopback(t, folder(directory));
        return ['--mirror', url, '--keyring', key.file];
      },
    },
  };

for (const [template, { skip, words }] of Object.entries(OURS))
  for (const mapped of [false, true])
    test(
      `tslxc-${template} under LXC’s lxc-create, ${mapped ? 'with an id map' : 'privileged'}`,
      {
        skip: noLxc || skip,
      },
      async t => runUnderLxc(t, { template, words: await words(t), mapped }),
    );

/** Creates with one of LXC's templates and boots; its caches are the test's. */
async function theirs(
  t: TestContext,
  template: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ h: Harness; name: string; inside: (...command: string[]) => Promise<string> }> {
  const h = harness(t);
  const name = h.name('theirs');
  await h.ok('create', ['-n', name, '-t', lxcTemplate(template).path, '--', ...words], {
    timeoutMs: CREATE_MS,
    env: { LXC_CACHE_PATH: h.cacheDir, ...env },
  });
  await h.ok('start', ['-n', name]);
  const inside = async (...command: string[]) =>
    (await h.run('attach', ['-n', name, '--', ...command])).stdout;
  return { h, name, inside };
}

/** Waits until systemd has started what it will; LXC's templates leave units that fail in containers. */
async function started(t: TestContext, inside: (...command: string[]) => Promise<string>): Promise<void> {
  const state = await until('systemd has started all', async () => {
    const [said] = /^(running|degraded)/.exec(await inside('systemctl', 'is-system-running')) ?? [];
    return said;
  });
  t.diagnostic(`systemd says ${state}: ${await inside('systemctl', '--failed', '--no-legend')}`);
}

test('LXC’s debian under tslxc: from the mirror, running', { skip: lxcTemplate('debian').skip }, async t => {
  const look = join(installation().templates, 'tslxc-debian');
  const facts = execFileSync(look, ['--phase=look', '-r', 'bookworm'], { encoding: 'utf8' });
  const mirror = /^origin (.*)$/m.exec(facts)?.[1] ?? '';
  const security = `${mirror.replace(/debian$/, 'debian-security')}`;
  const words = ['-r', 'bookworm', '--mirror', mirror, '--security-mirror', security];
  const { h, name, inside } = await theirs(t, 'debian', words);
  await started(t, inside);
  assert.match(await inside('cat', '/etc/os-release'), /^VERSION_CODENAME=bookworm$/m);
  assert.equal(await inside('cat', '/etc/hostname'), `${name}\n`);
  await h.ok('stop', ['-n', name]);
});

test('LXC’s oci under tslxc', { skip: lxcTemplate('oci').skip }, async t => {
  const h = harness(t);
  const layout = join(h.directory, 'layout');
  const config = { Cmd: ['/bin/sh', '-c', 'echo started'], Env: ['GREETING=hello'], WorkingDir: '/' };
  writeLayout(layout, 'latest', imageOf([layerOf(busyboxMembers())], config));
  const name = h.name('theirs');
  await h.ok('create', [
    '-n',
    name,
    '-t',
    lxcTemplate('oci').path,
    '--',
    '-u',
    `oci:${layout}:latest`,
    '--no-cache',
  ]);
  assert.match(h.config(name), /^lxc\.execute\.cmd = '"\/bin\/sh" "-c" "echo started" '$/m);
  assert.match(h.config(name), /^lxc\.environment = GREETING=hello$/m);
  await h.ok('start', ['-n', name, '--', '/bin/sleep', '1000']);
  const { stdout } = await h.ok('attach', ['-n', name, '--', 'cat', '/etc/hostname', '/proc/1/environ']);
  assert.match(stdout, new RegExp(`^${name}\n.*GREETING=hello\\0`));
  await h.ok('stop', ['-n', name, '-k']);
});

test('LXC’s alpine under tslxc, with the apk of a minirootfs', {
  skip: lxcTemplate('alpine').skip || alpine.skip,
}, async t => {
  const { directory } = harness(t);
  const root = join(directory, 'minirootfs');
  mkdirSync(root);
  execFileSync('tar', [
    '-C',
    root,
    '-xzf',
    join(alpine.directory, 'alpine-minirootfs-3.13.12-x86_64.tar.gz'),
  ]);
  const apk = join(directory, 'apk');
  const libraries = `${root}/lib:${root}/usr/lib`;
  // It makes the nodes that the template, which is older than it, then can't make.
  const run = `${root}/lib/ld-musl-x86_64.so.1 --library-path ${libraries} ${root}/sbin/apk "$@"`;
  writeFileSync(
    apk,
    `#!/bin/sh\n${run} && rm -f dev/zero dev/full dev/random dev/urandom dev/tty dev/console\n`,
  );
  chmodSync(apk, 0o755);
  const keys = join(root, 'usr/share/apk/keys');
  execFileSync('cp', [join(alpine.directory, 'apk-repo/tslxc-test.rsa.pub'), keys]);
  const repository = folder(join(alpine.directory, 'apk-repo'));
  // There is no community repository in the data; the other one is as good.
  const { url } = await loopback(t, path => repository(path.replace('/community/', '/main/')));
  const { h, name, inside } = await theirs(t, 'alpine', ['-r', 'v3.13', '--mirror', url], {
    APK: apk,
    APK_KEYS_DIR: keys,
  });
  assert.equal(await inside('sh', '-c', 'hostname; cat /etc/alpine-release'), `${name}\n3.13.12\n`);
  await h.ok('stop', ['-n', name, '-k']);
});

test('LXC’s centos under tslxc, with dnf for the yum that hosts no longer have', {
  skip: lxcTemplate('centos').skip || el7.skip,
}, async t => {
  const { directory } = harness(t);
  // The data has no cronie, and dnf's help writes --releasever otherwise than yum's, which the template looks for.
  const yum = '#!/bin/sh\nexec dnf --releasever=7 --setopt=strict=0 "$@"\n';
  writeFileSync(join(directory, 'yum'), yum);
  chmodSync(join(directory, 'yum'), 0o755);
  const { url } = await loopback(t, folder(el7.directory));
  const env = { PATH: `${directory}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const { h, name, inside } = await theirs(t, 'centos', ['-R', '7', '--repo', `${url}/7/os/x86_64`], env);
  await started(t, inside);
  assert.match(await inside('cat', '/etc/centos-release'), /^CentOS Linux release 7/);
  const packages = (await inside('rpm', '-qa')).trim().split('\n').length;
  assert.ok(packages >= 150, `${packages} packages`);
  await h.ok('stop', ['-n', name, '-k']);
});
