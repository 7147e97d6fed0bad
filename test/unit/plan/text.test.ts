import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotatedPlanText, planText } from '../../../src/plan/text.ts';
import { samplePlan } from './sample.ts';

test('the text of a plan is the form that plan.h describes', () => {
  assert.equal(
    planText(samplePlan()),
    `plan launch
segment host
  0 expect_link name="tslxcbr0"
  1 cgroup_make path="/sys/fs/cgroup/unified/lxc.payload.c1" mode=0755 directory=>{0}
  2 cgroup_write directory={0} file="pids.max" value="100"
  3 hook argv=["sh","-c","exec \\"x\\"\\n\\t\\\\\\x01é"] env=[] where="c{0}"
segment spawner
  4 clone_init namespaces=mnt,pid,net process=>{1}
segment parent
  5 time_offsets boot_s=-5 boot_ns=0 monotonic_s=1099511627776 monotonic_ns=1
segment child
  6 propagation path="/" propagation=none
  7 capabilities bounding=0x1ffffffffff
  8 seccomp log=no program=<9 bytes crc32 cbf43926>
  9 exec argv=["/sbin/init"] env=["container=lxc"]
segment teardown-stop
  10 teardown_event path="/run/x" state=STOPPED
`,
  );
});

test('the annotated form names origins, notices and ignored keys', () => {
  const lines = annotatedPlanText(samplePlan()).split('\n');
  assert.equal(lines[0], '# notice: look here');
  assert.equal(lines[1], '# ignored: lxc.apparmor.profile (config:3): this kernel has no AppArmor');
  assert.equal(lines[4], '  0 expect_link name="tslxcbr0"  # config:12');
  assert.match(lines[5] ?? '', / {2}# sample$/);
});
