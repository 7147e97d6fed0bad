// The sisters of CentOS that nobody here can reach, each on a small signed repository; and what each asks its public server first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness } from '../system/harness.ts';
import { installs, type Sister } from '../templates/rpm-family.ts';
import { noRpmTools } from '../templates/rpm-world.ts';

const OLD_PLACE = '/var/lib/rpm';
const NEW_PLACE = '/usr/lib/sysimage/rpm';
const SISTERS: Sister[] = [
  ['centos', 'CentOS', '9-stream', ['centos-stream-release'], OLD_PLACE],
  ['almalinux', 'AlmaLinux', '10', ['almalinux-release'], NEW_PLACE],
  ['oracle', 'Oracle Linux', '9', ['oraclelinux-release', 'oraclelinux-release-el9'], OLD_PLACE],
  ['fedora', 'Fedora', '43', ['fedora-release-container'], NEW_PLACE],
].map(([template, title, release, releasePackages, database]) => ({
  ...({ template, title, release, releasePackages, database } as Sister),
}));

for (const sister of SISTERS)
  test(`${sister.title} ${sister.release}, on a small repository`, { skip: noRpmTools }, t =>
    installs(t, sister),
  );

const FIRST_REQUESTS: [string, string, string][] = [
  ['centos', '6', 'http://vault.centos.org/6.10/os/x86_64/repodata/repomd.xml'],
  ['centos', '7', 'http://vault.centos.org/7.9.2009/os/x86_64/repodata/repomd.xml'],
  ['centos', '8', 'http://vault.centos.org/8.5.2111/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['centos', '8-stream', 'http://vault.centos.org/8-stream/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['centos', '9-stream', 'https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['centos', '10-stream', 'https://mirror.stream.centos.org/10-stream/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['rocky', '8', 'https://dl.rockylinux.org/pub/rocky/8/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['rocky', '10', 'https://dl.rockylinux.org/pub/rocky/10/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['almalinux', '9', 'https://repo.almalinux.org/almalinux/9/BaseOS/x86_64/os/repodata/repomd.xml'],
  ['oracle', '7', 'http://yum.oracle.com/repo/OracleLinux/OL7/latest/x86_64/repodata/repomd.xml'],
  ['oracle', '10', 'https://yum.oracle.com/repo/OracleLinux/OL10/baseos/latest/x86_64/repodata/repomd.xml'],
  [
    'fedora',
    '43',
    'https://dl.fedoraproject.org/pub/fedora/linux/releases/43/Everything/x86_64/os/repodata/repomd.xml',
  ],
];

test('without --repo: the public server, which is named when it cannot be had', async t => {
  const h = harness(t);
  // A proxy that nobody is: no such request leaves this host, and the cause is the same everywhere.
  const env = { http_proxy: 'http://127.0.0.1:1', https_proxy: 'http://127.0.0.1:1' };
  for (const [template, release, url] of FIRST_REQUESTS) {
    const words = ['-n', h.name('x'), '-t', template, '--', '-r', release, '-a', 'x86_64'];
    const { status, stderr } = await h.run('create', words, { env });
    assert.equal(status, 1);
    assert.ok(stderr.includes(`can't get ${url}: `), stderr);
    t.diagnostic(`${template} ${release}: ${url}`);
  }
});
