// npm run test:full -- templates: each template and release that this machine can try, created by the real tslxc-create and booted;
// a fixture without an init is started with its busybox. What ran and what was refused is printed as one table at the end.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';
import { type Harness, harness, type RunResult } from '../system/harness.ts';
import { skip as noAlpine } from '../templates/alpine-repo.ts';
import { sharedData } from '../templates/loopback.ts';
import { entriesOf } from '../templates/places.ts';
import { noRpmTools } from '../templates/rpm-world.ts';
import { comes, skip as noCentos, seconds } from './centos-guest.ts';
import * as from from './template-means.ts';

const CREATE_MS = 600_000;
/** Where rpm keeps its database: Enterprise Linux up to 9, and Fedora. */
const [OLD_RPMDB, NEW_RPMDB] = ['/var/lib/rpm', '/usr/lib/sysimage/rpm'];

/** What a shell line says in a guest whose init is up; `never` is what it says of one that will not be. */
interface Up {
  /** What is started for the init that the fixture lacks. */
  readonly command?: readonly string[];
  readonly line: string;
  readonly sees: RegExp;
  readonly never?: RegExp;
}

const systemd: Up = {
  line: 'systemctl is-system-running',
  sees: /^running$/m,
  never: /degraded|maintenance/,
};
const upstart: Up = { line: 'runlevel', sees: /^N 3$/m };
const openrc = (service: string): Up => ({
  line: 'rc-status -a',
  sees: new RegExp(`${service} +\\[ +started`),
});
const pid1 = (program: string): Up => ({ line: 'cat /proc/1/comm', sees: new RegExp(`^${program}$`, 'm') });

interface Row {
  readonly template: string;
  readonly release: string;
  /** What it ran on, in the words of the table. */
  readonly on: string;
  readonly means: from.Means;
  /** Absent: nothing here can make it, and create is refused. */
  readonly up?: Up;
  /** What create may say where this machine lacks the means, beside that the host lacks programs. */
  readonly refused?: RegExp;
  /** Why it can't be tried here. */
  readonly skip?: string | false;
}

const noImages = sharedData('images').skip;
const lacks = (program: string): string | false =>
  ['/usr/bin', '/usr/sbin', '/bin'].some(place => existsSync(join(place, program)))
    ? false
    : `${program} is not installed`;
const debian = (release: string): Row => ({
  template: 'debian',
  release,
  on: 'mirror',
  means: from.mirror,
  up: systemd,
});
const rpms = (template: string, release: string, means: from.Means): Row => ({
  template,
  release,
  on: 'small signed rpm repository',
  means,
  up: { ...pid1('busybox'), command: ['/usr/bin/busybox', 'init'] },
  skip: noRpmTools,
});
const debs = (template: string, release: string): Row => ({
  template,
  release,
  on: 'small signed deb archive',
  means: from.debs,
  up: pid1('init'),
  skip: lacks('apt-ftparchive') || lacks('busybox'),
});

const ROWS: readonly Row[] = [
  {
    template: 'centos',
    release: '7',
    on: 'loopback data',
    means: from.centosData,
    up: systemd,
    skip: noCentos,
  },
  {
    template: 'centos',
    release: '6',
    on: 'loopback data',
    means: from.centosData,
    up: upstart,
    refused: /vsyscall=xonly/,
    skip: noCentos,
  },
  rpms('rocky', '9', from.rpms(OLD_RPMDB, 'rocky-release')),
  rpms('almalinux', '9', from.rpms(OLD_RPMDB, 'almalinux-release')),
  rpms('oracle', '9', from.rpms(OLD_RPMDB, 'oraclelinux-release', 'oraclelinux-release-el9')),
  rpms('fedora', '43', from.rpms(NEW_RPMDB, 'fedora-release-container')),
  debian('bullseye'),
  debian('bookworm'),
  debian('trixie'),
  debian('forky'),
  debian('sid'),
  debs('ubuntu', 'noble'),
  debs('devuan', 'excalibur'),
  debs('kali', 'kali-rolling'),
  {
    template: 'alpine',
    release: '3.13',
    on: 'loopback data',
    means: from.alpineData,
    up: openrc('networking'),
    skip: noAlpine,
  },
  {
    template: 'archlinux',
    release: 'rolling',
    on: 'small signed repositories',
    means: from.pacmanRepositories,
    up: pid1('init'),
    skip: lacks('pacman'),
  },
  {
    template: 'opensuse',
    release: 'leap/16.0',
    on: 'small signed repository',
    means: from.zypperRepository,
    up: pid1('init'),
    skip: lacks('zypper') || noRpmTools,
  },
  {
    template: 'gentoo',
    release: 'openrc',
    on: 'stage3-like tarball',
    means: from.stage3,
    up: openrc('eth0-dhcp'),
    skip: lacks('mmdebstrap'),
  },
  {
    template: 'voidlinux',
    release: 'current',
    on: 'loopback index, no xbps',
    means: from.voidIndex,
    refused: /has no static\/sha256sums\.txt: give --xbps FILE$/,
    skip: lacks('xbps-install') === false && 'this host has an xbps of its own, and no mirror of Void’s',
  },
  { template: 'busybox', release: '-', on: 'the host’s busybox', means: from.hostPrograms, up: pid1('init') },
  {
    template: 'sshd',
    release: '-',
    on: 'the host’s sshd',
    means: from.hostSshd,
    up: pid1('sshd'),
    skip: lacks('sshd'),
  },
  {
    template: 'download',
    release: 'alpine 3.13',
    on: 'loopback http',
    means: from.imageServer,
    up: openrc('networking'),
    skip: noImages,
  },
  {
    template: 'download',
    release: 'alpine 3.13',
    on: 'loopback https',
    means: from.secureImageServer,
    up: openrc('networking'),
    skip: noImages,
  },
  {
    template: 'local',
    release: 'alpine 3.13',
    on: 'tarballs',
    means: from.imageFiles,
    up: openrc('networking'),
    skip: noImages,
  },
  {
    template: 'local',
    release: '-',
    on: 'squashfs',
    means: from.squashfs,
    up: pid1('init'),
    skip: lacks('mksquashfs'),
  },
  {
    template: 'oci',
    release: 'app:1',
    on: 'loopback registry',
    means: from.ociRegistry,
    up: pid1('sleep'),
  },
];

test('every template has a row', () => {
  const files = readdirSync(installation().templates).filter(name => name.startsWith('tslxc-'));
  const without = files.filter(name => !ROWS.some(({ template }) => name === `tslxc-${template}`));
  assert.deepEqual(without, [], 'templates that the table does not try');
});

for (const row of ROWS)
  test(`${row.template} ${row.release}, on ${row.on}`, async t => {
    const clock = { began: performance.now() };
    const note = (result: string) => {
      const took = seconds(performance.now() - clock.began);
      table.push([row.template, row.release, row.on, took, result]);
    };
    try {
      const skipped = row.skip || (await tryRow(t, row, clock, note));
      if (!skipped) return;
      note(`skipped: ${skipped}`);
      t.skip(skipped);
    } catch (error) {
      note(`FAILED: ${String((error as Error).message).split('\n')[0]}`);
      throw error;
    }
  });

const table: string[][] = [['TEMPLATE', 'RELEASE', 'RAN ON', 'SECONDS', 'RESULT']];
after(() => {
  const widths = [0, 1, 2, 3].map(at => Math.max(...table.map(row => row[at]?.length ?? 0)));
  const lines = table.map(row => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  process.stdout.write(`${lines.join('\n')}\n`);
});

/** Creates and boots, and notes the result; returns why it could not be tried. The clock runs from create on. */
async function tryRow(
  t: TestContext,
  row: Row,
  clock: { began: number },
  note: (result: string) => void,
): Promise<string | undefined> {
  const h = harness(t);
  const given = await row.means(t, h, row.release);
  if (typeof given === 'string') return given;
  clock.began = performance.now();
  const { status, stderr } = await create(t, h, row, given);
  given.asked?.();
  const refusal = [/^this host lacks /, row.refused].some(pattern => pattern?.test(lastWord(stderr)));
  if (status === 1 && refusal) {
    assert.deepEqual(entriesOf(h), [], 'nothing is left of what was refused');
    note(`refused: ${lastWord(stderr)}`);
    return undefined;
  }
  if (row.on === 'mirror' && /can't get .*InRelease/.test(stderr)) return `no mirror: ${lastWord(stderr)}`;
  assert.equal(status, 0, stderr);
  const name = h.name('x');
  assert.ok(row.up, 'created, though nothing here could make it');
  const { line, sees, never, command } = row.up;
  await h.ok('start', ['-n', name, ...(command ? ['--', ...command] : [])]);
  const said = sees.exec(await comes({ t, h, name }, line, sees, never))?.[0];
  note(`ran (${command ? 'started' : 'booted'}: ${said?.replaceAll(/[[ ]+/g, ' ')})`);
  await h.ok('stop', ['-n', name, '-k']);
  return undefined;
}

/** Creates; from a mirror whose index is older than it promises, too. */
async function create(t: TestContext, h: Harness, row: Row, { words, env }: from.Given): Promise<RunResult> {
  const args = ['-n', h.name('x'), '-t', row.template, '--', ...words];
  const options = { timeoutMs: CREATE_MS, ...(env === undefined ? {} : { env }) };
  const made = await h.run('create', args, options);
  if (!/; --accept-expired installs from it/.test(made.stderr)) return made;
  t.diagnostic(made.stderr.trim());
  return await h.run('create', [...args, '--accept-expired'], options);
}

/** What tslxc-create itself ends with, without its name and the container's. */
const lastWord = (stderr: string): string =>
  /^tslxc-create: (?:tslxctest\w+-x: )?(.*)$/m.exec(stderr)?.[1] ?? '';
