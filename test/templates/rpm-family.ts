// Rocky Linux, AlmaLinux, Oracle Linux and Fedora on a small signed repository: everything of the template but the distribution.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { harness } from '../system/harness.ts';
import { entriesOf } from './places.ts';
import { rpmWorld } from './rpm-world.ts';

export interface Sister {
  readonly template: string;
  readonly title: string;
  readonly release: string;
  readonly releasePackages: readonly string[];
  readonly database: string;
}

/** Builds it, looks at the tree, and sees a stranger's key refused. */
export async function installs(t: TestContext, sister: Sister): Promise<void> {
  const { template, title, release, database } = sister;
  const h = harness(t);
  const { url, key, stranger } = await rpmWorld(t, h, sister);
  const create = (suffix: string, ...words: string[]) =>
    h.run('create', [
      '-n',
      h.name(suffix),
      '-t',
      template,
      '-B',
      'dir',
      '--',
      '-r',
      release,
      '--repo',
      url,
      ...words,
    ]);

  const refused = await create('x', '--keyring', stranger);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /\.rpm from http.* is not signed by a key in .*stranger$/m);
  assert.deepEqual(entriesOf(h), []);

  const made = await create('ok', '--keyring', key, '--packages', 'extra', '--fqdn', 'guest.example.org');
  assert.equal(made.status, 0, made.stderr);
  assert.match(
    made.stdout,
    new RegExp(`^Installing ${title} ${release} \\(\\w+\\) from ${url}/ with dnf$`, 'm'),
  );
  const rootfs = join(h.lxcpath, h.name('ok'), 'rootfs');
  await h.ok('mount', ['-n', h.name('ok')]);
  try {
    const installed = execFileSync('chroot', [rootfs, 'rpm', '-qa', '--qf', '%{name}\n'], {
      encoding: 'utf8',
    });
    for (const name of ['systemd', 'extra', 'gpg-pubkey', ...sister.releasePackages])
      assert.ok(installed.split('\n').includes(name), `${name}: ${installed}`);
    assert.ok(
      existsSync(join(rootfs, database, 'rpmdb.sqlite')),
      'its database is where its rpm looks for it',
    );
    const text = (file: string): string => readFileSync(join(rootfs, file), 'utf8');
    assert.match(text('etc/yum.repos.d/tslxc.repo'), new RegExp(`^baseurl=${url}/$`, 'm'));
    assert.match(text('etc/yum.repos.d/own.repo'), /^enabled=0$/m);
    assert.match(text('etc/NetworkManager/system-connections/eth0.nmconnection'), /^method=auto$/m);
    assert.equal(text('etc/hostname'), 'guest.example.org\n');
    assert.match(text('etc/shadow'), /^root:\$6\$/m);
    assert.ok(existsSync(join(rootfs, 'etc/ssh/ssh_host_ed25519_key')));
  } finally {
    await h.ok('umount', ['-n', h.name('ok')]);
  }
  const { config } = loadConfig({ file: join(h.lxcpath, h.name('ok'), 'config') });
  assert.equal(config.idmap[0]?.value.hostId, h.firstId);
}
