// Our lxc-* names beside LXC's own, on the same containers: the same words on stdout, the same exit status.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { harness } from '../system/harness.ts';

const h = harness(
  { after: run => after(run as () => Promise<void>), diagnostic: () => {} },
  { untidy: true },
);
const skip = existsSync('/usr/bin/lxc-info') ? false : 'LXC is not installed here: nothing to stand beside';

before(() => {
  define('alpha', [
    'lxc.group = web',
    'lxc.group = onboot',
    'lxc.start.auto = 1',
    'lxc.tty.max = 4',
    'lxc.cap.drop = sys_module mac_admin',
    'lxc.net.0.type = veth',
    'lxc.net.0.link = lxcbr0',
    'lxc.net.0.ipv4.address = 10.0.3.7/24',
    'lxc.mount.auto = proc sys',
    'lxc.signal.halt = SIGUSR1',
    'lxc.environment = A=b',
    'lxc.prlimit.nofile = 1024:2048',
    'lxc.sysctl.net.ipv4.ip_forward = 1',
  ]);
  define('beta', ['lxc.group = web', 'lxc.idmap = u 0 100000 65536', 'lxc.idmap = g 0 100000 65536']);
  define('a-long-name', []);
});

function define(name: string, lines: readonly string[]): void {
  mkdirSync(join(h.lxcpath, name, 'rootfs'), { recursive: true });
  const config = [`lxc.uts.name = ${name}`, `lxc.rootfs.path = dir:${h.lxcpath}/${name}/rootfs`, ...lines];
  writeFileSync(join(h.lxcpath, name, 'config'), `${config.join('\n')}\n`);
}

const KEYS = [
  'lxc.uts.name',
  'lxc.tty.max',
  'lxc.pty.max',
  'lxc.cap.drop',
  'lxc.group',
  'lxc.rootfs.path',
  'lxc.mount.auto',
  'lxc.signal.halt',
  'lxc.signal.stop',
  'lxc.net',
  'lxc.net.0.type',
  'lxc.net.0.link',
  'lxc.net.0.ipv4.address',
  'lxc.net.7.type',
  'lxc.environment',
  'lxc.prlimit',
  'lxc.prlimit.nofile',
  'lxc.sysctl',
  'lxc.start.auto',
  'lxc.start.order',
  'lxc.autodev',
  'lxc.hook.version',
  'lxc.idmap',
  'lxc.console.logfile',
  'lxc.monitor.signal.pdeath',
  'lxc.rootfs.managed',
  'lxc.nosuch',
  'lxc.init.cmd',
  'lxc.ephemeral',
  'lxc.log.level',
];

/** Whether stderr is compared too, without the places in LXC's source. */
const CASES: readonly [verb: string, args: readonly string[], words?: RegExp][] = [
  ['ls', []],
  ['ls', ['-1']],
  ['ls', ['-f']],
  ['ls', ['-f', '-F', 'name,state,pid,ram,swap,autostart,groups,interface,ipv4,ipv6,unprivileged']],
  ['ls', ['-F', 'NAME']],
  ['ls', ['-f', '-F', 'NAME,FOO'], /Invalid key: FOO/],
  ['ls', ['--stopped']],
  ['ls', ['--running']],
  ['ls', ['--active']],
  ['ls', ['--frozen']],
  ['ls', ['--defined']],
  ['ls', ['-g', 'web']],
  ['ls', ['-g', 'web,onboot']],
  ['ls', ['-g', 'nosuch']],
  ['ls', ['--filter', '^a']],
  ['ls', ['a.*a']],
  ['ls', ['--bogus'], /unrecognized option '--bogus'/],
  ['info', ['-n', 'alpha']],
  ['info', ['alpha']],
  ['info', ['--name=alpha', '-s']],
  ['info', ['-nalpha', '-sH']],
  ['info', ['alpha', '-pH']],
  ['info', ['alpha', '-iH']],
  ['info', ['alpha', '-S']],
  ['info', ['alpha', '-s', '-p']],
  ['info', ['alpha', '-s', '-c', 'lxc.uts.name']],
  ['info', ['absent'], /absent doesn't exist/],
  ['info', ['-q', 'absent'], /absent doesn't exist/],
  ['info', [], /No container name specified/],
  [
    'info',
    ['--log', 'f', 'alpha'],
    /option '--log' is ambiguous; possibilities: '--logfile' '--logpriority'/,
  ],
  ['info', ['alpha', '--rcfile', '/nosuch'], /Failed to load rcfile/],
  ...KEYS.map((key): [string, string[]] => ['info', ['alpha', '-c', key]]),
  ...KEYS.map((key): [string, string[]] => ['info', ['beta', '-H', '-c', key]]),
  ['stop', ['alpha'], /alpha is not running/],
  ['stop', ['absent'], /absent is not running/],
  ['stop', ['alpha', '-k', '-t', '3'], /-k doesn't allow timeouts/],
  ['stop', ['alpha', '-t', '-4'], /Invalid timeout/],
  ['stop', ['alpha', '--nolock'], /--nolock may only be used with -k/],
  ['stop', ['alpha', '-t', 'x']],
  ['stop', [], /No container name specified/],
  ['wait', ['alpha', '-s', 'STOPPED']],
  ['wait', ['absent', '-s', 'STOPPED|RUNNING']],
  ['wait', ['alpha', '-s', 'RUNNING', '-t', '1']],
  ['wait', ['alpha', '-s', 'BAD'], /invalid state 'BAD'/],
  ['wait', ['alpha']],
  ['start', ['absent'], /No container config specified/],
  ['start', ['alpha', '-f', '/nosuch']],
  ['start', ['alpha', '-s', 'lxc.nosuch=1']],
  ['start', ['-P', '/a', '-P', '/b', 'alpha'], /This command only accepts 1 -P,--lxcpath arguments/],
  ['destroy', ['absent'], /Container is not defined/],
  ['attach', ['alpha', '--', 'true']],
  ['attach', ['alpha', '-a', 'nosuch', '--', 'true']],
  ['attach', ['alpha', '-s', 'NOSUCH', '--', 'true']],
  ['attach', ['alpha', '-eNOSUCH', '--', 'true']],
  ['attach', ['alpha', '-u', 'x', '--', 'true']],
  ['console', ['alpha'], /alpha is not running/],
  ['console', ['alpha', '-e', 'xx']],
  ['console', ['alpha', '-t', 'x']],
];

for (const [verb, args, words] of CASES) {
  test(`lxc-${verb} ${args.join(' ')}`, { skip }, () => {
    const hasPath = args.includes('-P');
    const all = hasPath ? [...args] : ['-P', h.lxcpath, ...args];
    const run = (program: string) =>
      spawnSync(program, all, { env: h.env, encoding: 'utf8', input: '', timeout: 20_000 });
    const theirs = run(`/usr/bin/lxc-${verb}`);
    const ours = run(join(installation().root, `dist/compat/lxc-${verb}`));
    assert.deepEqual([ours.status, ours.stdout], [theirs.status, theirs.stdout], ours.stderr);
    if (words) for (const { stderr } of [theirs, ours]) assert.match(stderr, words);
  });
}

test('lxc-config, all of it', { skip }, () => {
  for (const args of [
    ['-l'],
    ['lxc'],
    ['nosuch'],
    ['lxc.cgroup.use'],
    ['lxc.bdev.lvm.vg'],
    ['lxc.bdev.zfs.root'],
    [],
  ]) {
    const theirs = spawnSync('/usr/bin/lxc-config', args, { env: h.env, encoding: 'utf8' });
    // Theirs reads the host's lxc.conf, ours the harness's: paths are left out.
    const ours = spawnSync(join(installation().root, 'dist/compat/lxc-config'), args, {
      env: h.env,
      encoding: 'utf8',
    });
    assert.equal(ours.status, theirs.status, args.join(' '));
    if (args[0] !== 'lxc') assert.equal(ours.stdout, theirs.stdout.replaceAll('/usr/bin/', ''));
  }
});

/** The report changed with LXC 6; ours is that of the version that our lxc-* names say they are. */
const otherReport =
  skip ||
  (spawnSync('/usr/bin/lxc-info', ['--version'], { encoding: 'utf8' }).stdout.startsWith('5.')
    ? false
    : 'the LXC that is installed is not 5: it reports in other words');

test('lxc-checkconfig, line by line', { skip: otherReport }, () => {
  const text = (program: string) =>
    spawnSync(program, [], { env: h.env, encoding: 'utf8' })
      .stdout.replace(/^usage : .*$/m, '')
      .split('\n');
  assert.deepEqual(
    text(join(installation().root, 'dist/compat/lxc-checkconfig')),
    text('/usr/bin/lxc-checkconfig'),
  );
});
