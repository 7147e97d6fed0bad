import type { Origin } from '../../../src/base/errors.ts';
import { type Plan, PlanBuilder } from '../../../src/plan/model.ts';

const rule: Origin = { rule: 'sample' };

/** A small plan with a field of every kind in it. */
export function samplePlan(): Plan {
  const plan = new PlanBuilder();
  const payload = plan.newSlot();
  const init = plan.newSlot();
  plan.add('host', { file: 'config', line: 12 }, 'expect_link', { name: 'tslxcbr0' });
  plan.add('host', rule, 'cgroup_make', {
    path: '/sys/fs/cgroup/unified/lxc.payload.c1',
    mode: 0o755,
    directory: payload,
  });
  plan.add('host', rule, 'cgroup_write', { directory: payload, file: 'pids.max', value: '100' });
  plan.add('host', rule, 'hook', { argv: ['sh', '-c', 'exec "x"\n\t\\\x01é'], env: [], where: 'c{0}' });
  plan.add('spawner', rule, 'clone_init', { namespaces: ['net', 'pid', 'mnt'], process: init });
  plan.add('parent', rule, 'time_offsets', {
    boot_s: -5n,
    boot_ns: 0,
    monotonic_s: 2 ** 40,
    monotonic_ns: 1,
  });
  plan.add('child', rule, 'propagation', { path: '/', propagation: [] });
  plan.add('child', rule, 'capabilities', { bounding: 0x1ffffffffffn });
  plan.add('child', rule, 'seccomp', { log: false, program: new TextEncoder().encode('123456789') });
  plan.add('child', rule, 'exec', { argv: ['/sbin/init'], env: ['container=lxc'] });
  plan.add('teardown-stop', rule, 'teardown_event', { path: '/run/x', state: 'STOPPED' });
  plan.ignore({
    key: 'lxc.apparmor.profile',
    reason: 'this kernel has no AppArmor',
    origin: { file: 'config', line: 3 },
  });
  plan.notice('look here');
  return plan.build('launch');
}
