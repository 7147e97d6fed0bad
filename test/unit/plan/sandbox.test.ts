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

const PLACE = { source: '/b/container', target: '/p/c1', directory: '/', argv: ['/t/x'], env: {} };
const RANGES = [
  { nsId: 0, hostId: 100000, count: 65536 },
  { nsId: 65536, hostId: 0, count: 1 },
];

test('with ids: root of a user namespace, whose maps the executor writes; root opens the tree beforehand', () => {
  assert.equal(
    planText(sandboxPlan({ ...PLACE, ids: { uids: RANGES, gids: RANGES } })),
    `plan run
segment host
  0 tree_open path="/b/container" recursive=no optional=no tree=>{0}
segment spawner
  1 spawner
  2 clone_init namespaces=mnt,user,pid process=>{1}
segment parent
  3 idmap_write process={1} uids="0 100000 65536\\n65536 0 1\\n" gids="0 100000 65536\\n65536 0 1\\n"
segment child
  4 identity uid=0 gid=0 groups=[]
  5 propagation path="/" propagation=rec,slave
  6 remount path="/" set=nosuid clear=none optional=no recursive=yes
  7 tree_attach tree={0} make=no optional=no path="/p/c1"
  8 fs_mount attributes=nosuid,nodev,noexec make=no optional=no type="proc" options=[] path="/proc"
  9 directory_enter path="/" make=no optional=no
  10 umask mask=022
  11 parent_death signal=9
  12 exec argv=["/t/x"] env=[]
`,
  );
});

test('a plain user: the helpers write the maps, and the tree is opened where that is allowed', () => {
  const helpers = { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' };
  const text = planText(sandboxPlan({ ...PLACE, ids: { uids: RANGES, gids: RANGES, helpers } }));
  assert.match(
    text,
    /^plan run\nsegment spawner\n.*\n.*\nsegment parent\n.*newgidmap","\{1\}","0","100000","65536","65536","0","1"\]\n.*newuidmap"/,
  );
  assert.match(
    text,
    /segment child\n.* identity .*\n.* propagation .*\n.* tree_open .*\n.* remount .*\n.* tree_attach /,
  );
});
