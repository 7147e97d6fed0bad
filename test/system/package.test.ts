import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from './harness.ts';

const { root } = installation();

test('packed, installed globally into an empty prefix and without the clone it creates, starts and stops', async t => {
  const host = harness(t);
  const prefix = join(host.directory, 'prefix');
  mkdirSync(prefix);
  const npm = (...args: string[]) =>
    execFileSync('npm', ['--silent', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const tarball = join(
    host.directory,
    npm('pack', '--pack-destination', host.directory).split('\n').at(-1) ?? '',
  );
  npm('install', '--global', '--no-audit', '--no-fund', '--prefix', prefix, tarball);
  const installed = join(prefix, 'lib/node_modules/tslxc');
  const packaged = (verb: string, ...args: string[]) => {
    // In a mount namespace of its own, where an empty directory lies over the clone.
    const hide = 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"';
    const program = join(prefix, 'bin', `tslxc-${verb}`);
    const result = spawnSync('unshare', ['-m', 'sh', '-c', hide, 'sh', root, program, ...args], {
      cwd: '/',
      env: host.env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(result.status, 0, `${verb}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  };

  await t.test('the links that npm drops from a tarball are there again', () => {
    const compat = readdirSync(join(installed, 'dist/compat'));
    assert.deepEqual(compat, readdirSync(join(root, 'dist/compat')));
    assert.ok(existsSync(join(prefix, 'bin/tslxc-start')));
  });

  await t.test('manual pages are where man finds them', () => {
    assert.ok(existsSync(join(prefix, 'share/man/man1/tslxc-start.1')));
  });

  const name = host.name('packed');
  packaged('create', '-n', name, '-t', 'busybox');
  packaged('start', '-n', name);
  assert.match(packaged('info', '-n', name, '-s'), /RUNNING/);
  packaged('stop', '-n', name);
  assert.match(packaged('info', '-n', name, '-s'), /STOPPED/);
  packaged('destroy', '-n', name);
});
