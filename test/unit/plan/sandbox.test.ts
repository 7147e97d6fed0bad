import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxPlan } from '../../../src/plan/sandbox.ts';
import { planText } from '../../../src/plan/text.ts';

test('a sandbox: the tree alone at its place, its own processes, nothing that outlives us', () => {
  const text = planText(
    sandboxPlan({
      source: '/p/.tslxc-creating-1/container',
      target: '/p/c1',
      directory: '/root',
      argv: ['/t/tslxc-busybox', '--name=c1'],
      env: { PATH: '/bin', BRACES: '{0}', GONE: undefined },
    }),
  );
  assert.equal(
    text,
    `plan run
segment host
  0 tree_open path="/p/.tslxc-creating-1/container" recursive=no optional=no tree=>{0}
segment spawner
  1 spawner
  2 clone_init namespaces=mnt,pid process=>{1}
segment child
  3 propagation path="/" propagation=rec,slave
  4 tree_attach tree={0} make=no optional=no path="/p/c1"
  5 fs_mount attributes=nosuid,nodev,noexec make=no optional=no type="proc" options=[] path="/proc"
  6 directory_enter path="/root" make=no optional=no
  7 umask mask=022
  8 parent_death signal=9
  9 exec argv=["/t/tslxc-busybox","--name=c1"] env=["PATH=/bin","BRACES={{0}"]
`,
  );
});
