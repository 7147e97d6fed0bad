// Starts that cannot be: the cause first, in one line, with the config line to blame; soon; and nothing is left of them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandAddress } from '../../src/base/paths.ts';
import { installation } from '../../src/host/installation.ts';
import { harness, type RunResult } from './harness.ts';

const h = harness({ after: run => after(run as () => Promise<void>), diagnostic: () => {} });
const name = h.name('f');
const live = h.name('live');
const rootfs = join(h.lxcpath, name, 'rootfs');
const file = join(h.directory, 'broken.conf');
const LONGEST_MS = 5000;

before(async () => {
  for (const each of [name, live]) await h.ok('create', ['-n', each, '-t', 'busybox', '-q', '--full']);
  await h.ok('start', [live]);
  // What a container keeps between runs is there before the first failure, and is no leftover of it.
  await h.ok('start', [name]);
  await h.ok('stop', [name, '-k']);
});

interface Case {
  /** Appended to a copy of the container's config, which is then started with -f. */
  readonly lines?: readonly string[];
  /** Drops lines of the copy first. */
  readonly without?: RegExp;
  readonly args?: readonly string[];
  /** Breaks the host or the tree; what it returns mends it. */
  readonly prepare?: () => (() => void) | Promise<() => void>;
  /** Of the first line, behind `tslxc-start: NAME: `. LINE is the last line of the copy, FIRST that of the first one appended. */
  readonly cause: RegExp;
  readonly hint?: RegExp;
  /** Default: 1. */
  readonly status?: number;
}

const replaced = (path: string, by: () => void) => () => {
  renameSync(path, `${path}.aside`);
  by();
  return () => {
    rmSync(path, { recursive: true, force: true });
    renameSync(`${path}.aside`, path);
  };
};
const written = (called: string, text: string, mode = 0o755) => {
  const path = join(h.directory, called);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const policy = written('bad.seccomp', '2\nallowlist\nread allow\nnosuchaction nosuch\n');
const silent = written('silent', '#!/bin/sh\nexit 3\n');
const unrunnable = written('unrunnable', '#!/bin/sh\n', 0o644);
const mappedFrom = (first: string) => [`lxc.idmap = u ${first} 65536`, `lxc.idmap = g ${first} 65536`];

const cases: Readonly<Record<string, Case>> = {
  'an unknown key': { lines: ['lxc.nosuch.key = 1'], cause: /^unknown key lxc\.nosuch\.key \(LINE:1\)$/ },
  'a value that is no number': {
    lines: ['lxc.pty.max = many'],
    cause: /^lxc\.pty\.max: not an unsigned number: "many" \(LINE:15\)$/,
  },
  'a line that is no assignment': {
    lines: ['lxc.uts.name'],
    cause: /^no "=" after lxc\.uts\.name \(LINE:1\)$/,
  },
  'an included file that is not there': {
    lines: ['lxc.include = /nosuch/file'],
    cause: /^cannot read \/nosuch\/file: no such file \(LINE:15\)$/,
  },
  'a mount source that is not there': {
    lines: ['lxc.mount.entry = /nosuch/source mnt none bind 0 0'],
    cause: /^lxc\.mount\.entry \(LINE\): \/nosuch\/source: no such file or directory$/,
    hint: /optional/,
  },
  'a mount target that is not there': {
    lines: ['lxc.mount.entry = /tmp nosuch/target none bind 0 0'],
    cause: /^lxc\.mount\.entry \(LINE\): nosuch\/target: no such file or directory$/,
    hint: /create=dir/,
  },
  'a filesystem that the kernel has not': {
    lines: ['lxc.mount.entry = none mnt nosuchfs defaults 0 0'],
    cause: /^lxc\.mount\.entry \(LINE\): fsopen nosuchfs: no such device$/,
    hint: /\/proc\/filesystems/,
  },
  'a seccomp policy with a bad line': {
    lines: [`lxc.seccomp.profile = ${policy}`],
    cause: /^unknown seccomp action "nosuch" \(\S+\/bad\.seccomp:4:1\)$/,
    hint: /the actions are/,
  },
  'a seccomp policy that is not there': {
    lines: ['lxc.seccomp.profile = /nosuch.seccomp'],
    cause: /^cannot read the seccomp policy \/nosuch\.seccomp: no such file \(LINE\)$/,
  },
  'a bridge that is not there': {
    lines: ['lxc.net.0.link = tslxctestnone'],
    cause: /^there is no bridge tslxctestnone \(LINE\)$/,
    hint: /ip link add tslxctestnone type bridge/,
  },
  'a key that is not carried out': {
    lines: ['lxc.net.1.type = macvlan'],
    cause: /^lxc\.net\.1\.type = macvlan is not carried out yet \(LINE\)$/,
    hint: /use veth/,
  },
  'an address that is none': {
    lines: ['lxc.net.0.ipv4.address = 300.1.2.3/24'],
    cause: /^lxc\.net\.0\.ipv4\.address: not an IPv4 address: "300\.1\.2\.3\/24" \(LINE:26\)$/,
    hint: /10\.0\.3\.5\/24/,
  },
  'a rootfs that is not there': {
    lines: ['lxc.rootfs.path = dir:/nosuch/rootfs'],
    cause: /^\/nosuch\/rootfs: No such file or directory \(LINE\)$/,
    hint: /lxc\.rootfs\.path/,
  },
  'a rootfs that is a file': {
    prepare: replaced(rootfs, () => writeFileSync(rootfs, '')),
    cause: /\/rootfs: Not a directory \(config:\d+\)$/,
  },
  'a rootfs of a type that is not carried out': {
    lines: ['lxc.rootfs.path = zfs:pool/x'],
    cause: /^lxc\.rootfs\.path of type zfs is not carried out yet \(LINE\)$/,
  },
  'no init': {
    prepare: replaced(join(rootfs, 'sbin/init'), () => {}),
    cause: /^the rootfs has no init$/,
    hint: /lxc\.init\.cmd/,
  },
  'an init that is not there': {
    lines: ['lxc.init.cmd = /sbin/nosuch'],
    cause: /^the rootfs has no init \(LINE\)$/,
  },
  'an init that cannot run': {
    lines: ['lxc.init.cmd = /etc/passwd'],
    cause: /^lxc\.init\.cmd \(LINE\): exec \/etc\/passwd: permission denied$/,
    hint: /executable/,
  },
  'an init that is no program': {
    prepare: replaced(join(rootfs, 'sbin/init'), () =>
      writeFileSync(join(rootfs, 'sbin/init'), 'neither ELF nor script', { mode: 0o755 }),
    ),
    cause: /^exec \/sbin\/init: not a program that this kernel can run$/,
    hint: /architecture/,
  },
  'a command that is not there': {
    args: ['--', '/nosuch/command'],
    cause: /^exec \/nosuch\/command: no such file or directory$/,
    hint: /no such program/,
  },
  'a hook that fails': {
    lines: [`lxc.hook.pre-start = ${silent}`],
    cause: /^lxc\.hook\.pre-start \(LINE\): pre-start hook .* exited with status 3$/,
  },
  'a hook that is not there': {
    lines: ['lxc.hook.pre-start = /nosuch/hook'],
    cause: /^lxc\.hook\.pre-start \(LINE\): .* exited with status 127$/,
  },
  'a hook that may not be run': {
    lines: [`lxc.hook.pre-start = ${unrunnable}`],
    cause: /^lxc\.hook\.pre-start \(LINE\): .* exited with status 126$/,
  },
  'a hook in the middle that fails': {
    lines: [`lxc.hook.mount = ${silent}`],
    cause: /^lxc\.hook\.mount \(LINE\): mount hook .* exited with status 3$/,
  },
  'a hook at the end that fails': {
    lines: [`lxc.hook.start-host = ${silent}`],
    cause: /^lxc\.hook\.start-host \(LINE\): start-host hook .* exited with status 3$/,
  },
  'a hook inside that fails': {
    lines: ['lxc.hook.start = /bin/false'],
    cause: /^lxc\.hook\.start \(LINE\): start hook .* exited with status 1$/,
  },
  'ids that a live container has': {
    without: /^lxc\.idmap/,
    lines: mappedFrom('0 LIVE'),
    cause: /^process \d+ uses host ids of its map, from \d+ on \(FIRST\)$/,
    hint: /range of its own/,
  },
  'maps that overlap': {
    lines: ['lxc.idmap = u 10 3000000 10'],
    cause: /^lxc\.idmap: the id map overlaps the one in line \d+ of \S+ \(LINE:13\)$/,
  },
  'no id for root': {
    without: /^lxc\.idmap/,
    lines: mappedFrom('1 3000000'),
    cause: /^no lxc\.idmap gives root of the container a host id \(FIRST\)$/,
    hint: /u 0 100000 65536/,
  },
  'a sysctl that is not there': {
    lines: ['lxc.sysctl.nosuch.key = 1'],
    cause: /^lxc\.sysctl\.nosuch\.key \(LINE\): \/proc\/sys\/nosuch\/key: no such file or directory$/,
  },
  'a sysctl that is not the container’s to set': {
    lines: ['lxc.sysctl.kernel.panic = 1'],
    cause: /^lxc\.sysctl\.kernel\.panic \(LINE\): \/proc\/sys\/kernel\/panic: permission denied$/,
  },
  'a limit that the kernel refuses': {
    lines: ['lxc.cgroup.memory.limit_in_bytes = nosuch'],
    cause:
      /^lxc\.cgroup\.memory\.limit_in_bytes \(LINE\): write nosuch to memory\.limit_in_bytes: invalid argument$/,
  },
  'a limit that the kernel does not have': {
    lines: ['lxc.cgroup.pids.nosuch = 1'],
    cause: /^lxc\.cgroup\.pids\.nosuch \(LINE\): open pids\.nosuch: no such file or directory$/,
  },
  'a resource limit above what may be': {
    lines: ['lxc.prlimit.nofile = 9999999999'],
    cause:
      /^lxc\.prlimit\.nofile \(LINE\): (the caller's own hard limit is \d+, and it may not raise it|prlimit 9999999999:9999999999: operation not permitted)$/,
    hint: /ulimit -H|ask for at most \d+/,
  },
  'a capability that is none': {
    lines: ['lxc.cap.drop = nosuch'],
    cause: /^lxc\.cap\.drop: unknown capability: "nosuch" \(LINE:16\)$/,
    hint: /sys_admin/,
  },
  'a namespace of a container that is not there': {
    lines: ['lxc.namespace.share.net = nosuch'],
    cause: /^the namespace can't be shared: nosuch is not running \(LINE\)$/,
  },
  'a log in a directory that is not there': {
    lines: ['lxc.console.logfile = /nosuch/dir/log'],
    cause: /^lxc\.console\.logfile \(LINE\): console log \/nosuch\/dir\/log: no such file or directory$/,
  },
  'a pid file in a directory that is not there': {
    args: ['-p', '/nosuch/dir/pid'],
    cause: /^cannot write the pid file \/nosuch\/dir\/pid: no such file$/,
  },
  'a /dev that is a link': {
    prepare: replaced(join(rootfs, 'dev'), () => symlinkSync('/tmp', join(rootfs, 'dev'))),
    cause: /^dev: too many symbolic links encountered$/,
    hint: /symbolic link/,
  },
  'a /proc that is a link out': {
    prepare: replaced(join(rootfs, 'proc'), () => symlinkSync('../../..', join(rootfs, 'proc'))),
    cause: /^lxc\.mount\.auto \(\S+:\d+\): proc: too many symbolic links encountered$/,
    hint: /symbolic link/,
  },
  'a config that is not there': {
    args: ['-f', '/nosuch.conf'],
    cause: /^cannot read \/nosuch\.conf: no such file/,
  },
  'LXC holding the address': {
    prepare: claimAddress,
    // It runs: nothing that a start has to say would be a failure.
    status: 0,
    cause: /^tslxc-start: \S+-f is run by LXC's own monitor$/,
  },
};

/** Listens where LXC's monitor of that name would. */
async function claimAddress(): Promise<() => void> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(`\0${commandAddress(h.lxcpath, name)}`, resolve));
  return () => void server.close();
}

for (const [what, broken] of Object.entries(cases))
  test(what, async t => {
    const { args, places } = writtenOut(broken);
    const before = everything();
    const mend = await broken.prepare?.();
    let result: RunResult;
    try {
      result = await h.run('start', [name, ...args]);
    } finally {
      mend?.();
    }
    const { status, stdout, stderr, durationMs } = result;
    t.diagnostic(`${Math.round(durationMs)} ms: ${stderr.trim()}`);
    assert.deepEqual([status, stdout], [broken.status ?? 1, ''], stderr);
    assert.ok(durationMs < 3 * LONGEST_MS, `took ${durationMs} ms`);
    const [first = '', hint = ''] = stderr.split('\n');
    assert.match(plain(first, places), broken.cause);
    if (broken.hint) assert.match(hint, new RegExp(`^ {2}hint: .*${broken.hint.source}`));
    for (const word of ['    at ', 'undefined', '[object']) assert.ok(!stderr.includes(word), stderr);
    assert.deepEqual(everything(), before, stderr);
  });

test('and then it starts', async () => {
  await h.ok('start', [name]);
});

test('another user is told what he may not read', async t => {
  if (!passableByOthers(installation().root)) return t.skip('other users cannot reach this clone');
  const start = join(installation().root, 'dist/bin/tslxc-start');
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', start, '-P', h.lxcpath, name];
  const { status, stderr } = spawnSync('setpriv', as, { env: h.env, encoding: 'utf8', cwd: '/' });
  assert.equal(status, 1);
  assert.match(stderr, /^tslxc-start: \S+: \S+: permission denied\n {2}hint: /);
  assert.equal(
    stderr
      .trim()
      .split('\n')
      .filter(line => !line.startsWith('  hint: ')).length,
    1,
    stderr,
  );
});

/** Whether every directory on the way there lets others through. */
const passableByOthers = (path: string): boolean =>
  (statSync(path).mode & 0o001) !== 0 && (path === '/' || passableByOthers(dirname(path)));

/** The broken copy of the config, its options, and what its lines are called in the table. */
function writtenOut({ lines = [], without, args = [] }: Case): {
  args: readonly string[];
  places: readonly [string, string][];
} {
  if (lines.length === 0) return { args, places: [] };
  const firstId = /^lxc\.idmap = u 0 (\d+)/m.exec(h.config(live))?.[1] ?? '';
  const own = h.config(name).trimEnd().split('\n');
  const kept = own.filter(line => !without?.test(line));
  const all = [...kept, ...lines.map(line => line.replace('LIVE', firstId))];
  writeFileSync(file, `${all.join('\n')}\n`);
  return {
    args: ['-f', file, ...args],
    places: [
      [`${file}:${all.length}`, 'LINE'],
      [`${file}:${kept.length + 1}`, 'FIRST'],
    ],
  };
}

const plain = (line: string, places: readonly [string, string][]): string =>
  places.reduce(
    (text, [place, word]) => text.replace(place, word),
    line.replace(`tslxc-start: ${name}: `, ''),
  );

/** What a start could leave: whatever on the host bears our name, and files. */
function everything(): string[] {
  const files = ['lib', 'run', 'state'].flatMap(part =>
    readdirSync(join(h.directory, part), { recursive: true, encoding: 'utf8' })
      .filter(path => !/\/rootfs\/./.test(path))
      .map(path => join(part, path)),
  );
  return [...h.residue(), ...files].sort();
}
