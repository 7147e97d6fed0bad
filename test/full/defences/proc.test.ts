// What a container makes of its /proc while somebody comes in (security-lessons 1b: CVE-2015-1334, CVE-2016-10124).

import assert from 'node:assert/strict';
import { closeSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startExecutor } from '../../../src/host/executor.ts';
import { useExecutor } from '../../../src/host/installation.ts';
import { sealedMemfd } from '../../../src/host/memfd.ts';
import { planBytes } from '../../../src/plan/bytes.ts';
import { type Plan, PlanBuilder } from '../../../src/plan/model.ts';
import { attackBothBuilds, ground, initOf, makeContainer, statusField } from './builds.ts';

/** The container's root covers /proc with files of its own. */
const FAKE =
  'mount -t tmpfs none /proc && mkdir -p /proc/sys/kernel /proc/self/attr && : >/proc/sys/kernel/domainname';

attackBothBuilds(
  'private_proc',
  'what is written below /proc lands in files of the container',
  async base => {
    const { host, executor } = base;
    const { name } = await makeContainer(base, 'fakeproc');
    await host.ok('start', ['-n', name]);
    const init = await initOf(base, name);
    await host.ok('attach', ['-n', name, '--', '/bin/sh', '-c', FAKE]);
    // An attach writes nothing there on a host without an LSM, so the plan is made by hand: its labels go the same way.
    useExecutor(executor);
    await carryOut(enterAndWrite(init));
    const { stdout } = await host.ok('attach', ['-n', name, '--', '/bin/cat', '/proc/sys/kernel/domainname']);
    const truth = await host.ok('attach', [
      '-n',
      name,
      '--',
      '/bin/sh',
      '-c',
      'umount /proc; cat /proc/sys/kernel/domainname',
    ]);
    assert.equal(truth.stdout.trim() === 'written', stdout === '', 'it went either way');
    return stdout === 'written';
  },
);

function enterAndWrite(pid: number): Plan {
  const plan = new PlanBuilder();
  const origin = { rule: 'a test' };
  const [process, pidfd, child] = [plan.newSlot(), plan.newSlot(), plan.newSlot()];
  const [mounts, names] = [plan.newSlot(), plan.newSlot()];
  plan.add('host', origin, 'expect_process', { pid, starttime: starttimeOf(pid), process, pidfd });
  plan.add('host', origin, 'namespace_open', { process, kind: 'mnt', namespace: mounts });
  plan.add('host', origin, 'namespace_open', { process, kind: 'uts', namespace: names });
  plan.add('spawner', origin, 'spawner', {});
  plan.add('spawner', origin, 'namespace_join', { namespace: names, kinds: ['uts'] });
  plan.add('spawner', origin, 'clone_init', { namespaces: [], process: child });
  plan.add('child', origin, 'namespace_join', { namespace: mounts, kinds: ['mnt'] });
  plan.add('child', origin, 'sysctl_write', { path: '/proc/sys/kernel/domainname', value: 'written' });
  plan.add('child', origin, 'exec', { argv: ['/bin/true'], env: [] });
  return plan.build('run');
}

test('an attach to a container with a fake /proc gives up what it must, in its control groups', async t => {
  const base = ground(t);
  const { name } = await makeContainer(base, 'fake');
  await base.host.ok('start', ['-n', name]);
  const init = await initOf(base, name);
  await base.host.ok('attach', ['-n', name, '--', '/bin/sh', '-c', FAKE]);
  const attached = base.host.begin('attach', ['-n', name, '--', '/bin/sh', '-c', 'echo in; exec sleep 60']);
  await new Promise(resolve => attached.stdout?.once('data', resolve));
  const [pid = 0] = childrenOf(attached.pid ?? 0);
  for (const field of ['Uid', 'Gid', 'CapPrm', 'CapEff', 'CapBnd', 'CapInh', 'CapAmb', 'Seccomp', 'NStgid'])
    if (field === 'NStgid')
      assert.equal(statusField(pid, field).split('\t').length, 2, 'in the pid namespace');
    else assert.equal(statusField(pid, field), statusField(init, field), field);
  assert.deepEqual(payloadsOf(pid), payloadsOf(init));
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Hierarchy → payload; a leaf of ours beneath does not count. */
function payloadsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .trim()
    .split('\n')
    .map(line => line.replace(/\/\.lxc\/.*$/, ''));
}

async function carryOut(plan: Plan): Promise<void> {
  const memfd = sealedMemfd('test-plan', planBytes(plan));
  const executor = startExecutor({ mode: 'run', plan: memfd });
  closeSync(memfd);
  const records = await executor.status;
  assert.equal(await executor.exited, 0, JSON.stringify(records.map(({ text }) => text)));
}

function starttimeOf(pid: number): bigint {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return BigInt(text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0');
}
