// npm run test:kernel: the native tests on Debian's own cloud kernel, cgroup v2 only, in a small virtual machine. It shows what
// the newer or differently mounted kernel of this host hides.

import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cpio } from './cpio.mjs';
import { fetchKernel } from './fetch-kernel.mjs';
import { modulesFor } from './kernel-modules.mjs';
import { prepare } from './prepare.mjs';
import { Report } from './report.mjs';
import { root } from './root.mjs';

const work = join(root, 'build/kernel-test');
const GUEST = join(root, 'test/kernel');
const LONGEST_MS = 10 * 60_000;
/** What the machine's disk and the tests' links need; built in where they are not modules. */
const MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'overlay', 'veth', 'bridge', 'tun', 'loop', 'dummy'];

async function main() {
  await prepare(['build', 'run', 'test', 'kernel']);
  const kernel = fetchKernel();
  execFileSync('make', ['--silent', '-C', join(root, 'native'), 'out/executor-test'], {
    stdio: ['ignore', 2, 2],
  });
  const report = new Report(process.stdout);
  report.begin(`native tests on ${kernel.package}, cgroup v2 only`);
  const results = await boot(kernel.image, initramfs(kernel.modules), await disk());
  take(report, results);
  return report.close();
}

/** Loads the modules, goes over to the disk. */
function initramfs(modules) {
  const wanted = modulesFor(modules, MODULES);
  const file = join(work, 'initramfs');
  mkdirSync(work, { recursive: true });
  const directories = ['bin', 'dev', 'proc', 'modules', 'root'].map(path => ({ path, type: 'directory' }));
  const nodes = [
    { path: 'dev/console', type: 'node', mode: 0o600, major: 5, minor: 1 },
    { path: 'dev/null', type: 'node', mode: 0o666, major: 1, minor: 3 },
  ];
  const files = [
    { path: 'bin/busybox', content: readFileSync('/bin/busybox') },
    { path: 'init', content: readFileSync(join(GUEST, 'init')) },
    { path: 'modules/order', content: wanted.map(path => `${plainName(path)}\n`).join('') },
    ...wanted.map(path => ({ path: `modules/${plainName(path)}`, content: moduleText(path) })),
  ];
  writeFileSync(file, cpio([...directories, ...nodes, ...files]));
  return file;
}

/** Newer packages have their modules compressed, which busybox's insmod cannot read. */
const moduleText = path =>
  path.endsWith('.xz') ? execFileSync('xz', ['-dc', path], { maxBuffer: 1 << 26 }) : readFileSync(path);
const plainName = path => basename(path).replace(/\.xz$/, '');

/** An ext4 with the executor, a plan and its container, its tests and busybox: idmapped mounts of tmpfs came only with 6.3. */
async function disk() {
  const tree = join(work, 'tree');
  rmSync(tree, { recursive: true, force: true });
  for (const path of [
    'bin',
    'sbin',
    'mnt',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'var/tmp',
    'etc',
    'root',
    'usr',
    'tslxc',
  ])
    mkdirSync(join(tree, path), { recursive: true });
  await addContainer(tree);
  cpSync('/bin/busybox', join(tree, 'bin/busybox'));
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  for (const script of ['run-tests', 'run-container'])
    cpSync(join(GUEST, script), join(tree, 'tslxc', script));
  for (const program of ['dist/native/tslxc-executor', 'native/out/executor-test'])
    cpSync(join(root, program), join(tree, 'tslxc', basename(program)));
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\n');
  const image = join(work, 'disk');
  rmSync(image, { force: true });
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, image, '256M'], { stdio: 'ignore' });
  return image;
}

/** The tree of the golden case v2-busybox where its config says it is, and its plan. */
async function addContainer(tree) {
  const { compileCase } = await import(join(root, 'build/test/golden/case.js'));
  const { planBytes } = await import(join(root, 'build/src/plan/bytes.js'));
  mkdirSync(join(tree, 'tslxc'), { recursive: true });
  writeFileSync(join(tree, 'tslxc/plan'), planBytes(compileCase('v2-busybox')));
  const rootfs = join(tree, 'var/lib/tslxc/c1/rootfs');
  for (const path of ['bin', 'sbin', 'dev', 'proc', 'sys', 'tmp', 'etc', 'root', 'usr/bin', 'var', 'run'])
    mkdirSync(join(rootfs, path), { recursive: true });
  cpSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of ['sh', 'hostname', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', applet));
  symlinkSync('../bin/busybox', join(rootfs, 'sbin/init'));
  writeFileSync(join(rootfs, 'etc/inittab'), '::sysinit:/bin/hostname >/tmp/up\n');
}

/** Boots; returns what came over the second serial port. The first one has the kernel's words, kept in build/. */
async function boot(image, initrd, drive) {
  const [results, console] = [join(work, 'results'), join(work, 'console')];
  for (const file of [results, console]) rmSync(file, { force: true });
  const args = [
    ...[
      '-accel',
      'tcg,thread=multi',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '768',
      '-nographic',
      '-no-reboot',
      '-nodefaults',
    ],
    ...['-kernel', image, '-initrd', initrd],
    ...['-append', 'console=ttyS0 panic=-1 cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1 quiet'],
    ...['-drive', `file=${drive},format=raw,if=virtio,cache=unsafe`],
    ...['-serial', `file:${console}`, '-serial', `file:${results}`],
  ];
  const machine = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 2, 2] });
  const alarm = setTimeout(() => machine.kill('SIGKILL'), LONGEST_MS);
  await new Promise((resolve, reject) => machine.once('close', resolve).once('error', reject));
  clearTimeout(alarm);
  return existsSync(results) ? readFileSync(results, 'utf8') : '';
}

/** TAP lines become checks; without the last line the machine died. */
function take(report, results) {
  let detail = [];
  for (const line of results.split(/\r?\n/)) {
    const [, not, name, why] = /^(not )?ok \d+ (?:- )?(.*?)(?: # SKIP ?(.*))?$/.exec(line) ?? [];
    if (name === undefined) {
      detail.push(line);
      continue;
    }
    if (why !== undefined) report.skipped(`kernel: ${name}: ${why}`);
    else report.check(`kernel: ${name}`, 0, not ? detail.join('\n') : undefined);
    detail = [];
  }
  const whole = /^# end$/m.test(results);
  const last = existsSync(join(work, 'console'))
    ? readFileSync(join(work, 'console'), 'latin1').slice(-3000)
    : '';
  report.check('kernel: the machine came to its end', 0, whole ? undefined : `${detail.join('\n')}\n${last}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test:kernel: ${error.message}\n`);
  process.exitCode = 1;
}
