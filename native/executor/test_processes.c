/* Control groups, namespaces and what the parent does to the child. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define CGROUP RUN " cgroup_make path=\"~/a\" mode=0755 directory=>{0}\n"
#define INTO "segment spawner\n spawner cgroup={0}\n clone_init process=>{1} namespaces=uts\n"
#define LEAVE "segment teardown-stop\n cgroup_empty timeout_ms=5000 path=\"~/a\"\n cgroup_remove timeout_ms=5000 path=\"~/a\"\n"
#define USER "segment spawner\n spawner\n effective_ids uid=100000 gid=100000\n clone_init process=>{1} namespaces=user,"
#define MAP "segment parent\n idmap_write process={1} uids=\"0 100000 65536\\n\" gids=\"0 100000 65536\\n\"\n"
#define ROOT " identity uid=0 gid=0 groups=[]\n"

static const struct plan_case cases[] = {
    {"cgroup_make, spawner: init is born in the payload cgroup", CGROUP INTO CHILD SH("grep ^0: /proc/self/cgroup") LEAVE, 0,
     "/a\n", NULL},
    {"cgroup_write",
     CGROUP " cgroup_write directory={0} file=\"cgroup.max.depth\" value=\"7\"\n" INTO CHILD SH("cat ~/a/cgroup.max.depth") LEAVE,
     0, "7\n", NULL},
    {"cgroup_write: a value that the kernel refuses",
     CGROUP " cgroup_write directory={0} file=\"cgroup.max.depth\" value=\"x\"\n" INTO CHILD SH("") LEAVE, 1, NULL,
     "write x to cgroup.max.depth"},
    {"cgroup_delegate",
     CGROUP " cgroup_delegate directory={0} uid=1234 gid=1235 files=[\"cgroup.procs\",\"no.such\"]\n" INTO CHILD SH(
	 "stat -c %u:%g ~/a ~/a/cgroup.procs") LEAVE,
     0, "1234:1235\n1234:1235\n", NULL},
    {"cgroup_devices: what the program refuses",
     CGROUP " cgroup_devices directory={0} program=<b7000000000000009500000000000000>\n" INTO CHILD SH(
	 "cat /dev/zero 2>&1 | head -c 99") LEAVE,
     0, "not permitted", NULL},
    {"cgroup_join",
     CGROUP "segment spawner\n spawner\n cgroup_join directory={0}\n clone_init process=>{1} namespaces=uts\n" CHILD SH(
	 "grep ^0: /proc/self/cgroup") LEAVE,
     0, "/a\n", NULL},
    {"cgroup_make: one that holds processes",
     CGROUP INTO "segment parent\n cgroup_make path=\"~/a\" mode=0755 directory=>{2}\n" CHILD SH("") LEAVE, 1, NULL,
     "holds processes"},
    {"cgroup_empty: ends what the payload left", CGROUP INTO CHILD SH("sleep 100 >/dev/null 2>&1 & echo left") LEAVE, 0, "left",
     NULL},
    {"clone_init: new namespaces, seen from within",
     "plan run\n" SPAWN "pid,net\n" CHILD SH("echo pid $$; ls /sys/class/net | wc -l"), 0, "pid 1\n", NULL},
    {"idmap_write, effective_ids, identity: a user namespace",
     "plan run\n" USER "pid\n" MAP CHILD ROOT SH("cat /proc/self/uid_map; id -u"), 0, "100000      65536\n0\n", NULL},
    {"idmap_helper",
     "plan run\n" USER "pid\n"
     "segment parent\n idmap_helper process={1} argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo 0 100000 10 >/proc/{1}/uid_map; echo "
     "0 100000 10 >/proc/{1}/gid_map\"]\n" CHILD ROOT SH("cat /proc/self/gid_map"),
     0, "100000         10\n", NULL},
    {"idmap_write: a map that the kernel refuses",
     "plan run\n" USER "pid\nsegment parent\n idmap_write process={1} uids=\"x\" gids=\"0 100000 1\\n\"\n" CHILD SH(""), 1, NULL,
     "uid_map"},
    {"resource_limit",
     "plan run\n" SPAWN
     "uts\nsegment parent\n resource_limit process={1} resource=nofile soft=100 hard=200\n" CHILD SH("ulimit -n; ulimit -Hn"),
     0, "100\n200\n", NULL},
    {"process_write",
     "plan run\n" SPAWN "uts\nsegment parent\n process_write process={1} file=\"oom_score_adj\" value=\"123\"\n" CHILD SH(
	 "cat /proc/self/oom_score_adj"),
     0, "123\n", NULL},
    {"process_write: not out of /proc",
     "plan run\n" SPAWN "uts\nsegment parent\n process_write process={1} file=\"root/tmp/x\" value=\"1\"\n" CHILD SH(""), 1, NULL,
     "openat2 /proc/"},
    {"namespace_open, namespace_join: another process's uts",
     "plan run\n" SPAWN "uts\n" CHILD
     " hostname name=\"inside\"\nsegment parent\n namespace_open process={1} kind=uts namespace=>{2}\n"
     " fd_send descriptor={2}\n" CHILD " namespace_unshare kinds=uts\n hostname name=\"outside\"\n fd_receive descriptor=>{3}\n"
     " namespace_join namespace={3} kinds=uts\n" SH("hostname"),
     0, "inside\n", NULL},
    {"fd_send, fd_receive: both ways, in order",
     "plan run\n" SPAWN
     "uts\nsegment parent\n directory_open path=\"/proc\" directory=>{2}\n directory_open path=\"@\" directory=>{3}\n"
     " fd_send descriptor={2}\n fd_send descriptor={3}\n" CHILD " fd_receive descriptor=>{4}\n fd_receive descriptor=>{5}\n"
     " make_file root={5} path=\"made\" mode=0600 content=\"yes\"\n fd_send descriptor={5}\nsegment parent\n fd_receive "
     "descriptor=>{6}\n"
     " hook argv=[\"/bin/busybox\",\"cat\",\"@/made\"] env=[]\n" CHILD SH(""),
     0, "yes\n", NULL},
    {"time_offsets",
     "plan run\nsegment spawner\n spawner\n time_offsets boot_s=900000000 boot_ns=0 monotonic_s=0 monotonic_ns=0\n"
     " clone_init process=>{1} namespaces=uts\n" CHILD SH("cut -c1-2 /proc/uptime"),
     0, "90\n", NULL},
    {"spawner: what it joins the executor does not",
     RUN
     " self process=>{0}\nsegment spawner\n spawner\n namespace_unshare kinds=uts,net\n clone_init process=>{1} "
     "namespaces=uts\n" CHILD
     " hostname name=\"tslxc-native\"\nsegment parent\n hook argv=[\"/bin/busybox\",\"hostname\"] env=[]\n hook "
     "argv=[\"/bin/busybox\",\"sh\",\"-c\",\"test $(busybox hostname) != tslxc-native && echo unchanged\"] env=[]\n" CHILD SH(""),
     0, "unchanged\n", NULL},
};

static void v1_cpuset(struct context *context)
{
	struct outcome outcome;
	if (!test_exists("/sys/fs/cgroup/cpuset/cpuset.cpus")) {
		test_skip("no v1 cpuset is mounted");
		return;
	}
	test_run(
	    context, "run",
	    RUN " cgroup_make path=\"/sys/fs/cgroup/cpuset/tslxc-native\" mode=0755 directory=>{0}\n cgroup_inherit_cpuset "
		"directory={0}\n"
		"segment spawner\n spawner\n cgroup_join directory={0}\n clone_init process=>{1} namespaces=uts\n" CHILD SH(
		    "grep cpuset /proc/self/cgroup; sleep 100 >/dev/null 2>&1 &") "segment teardown-stop\n"
										  " cgroup_empty timeout_ms=5000 "
										  "path=\"/sys/fs/cgroup/cpuset/tslxc-native\"\n"
										  " cgroup_remove timeout_ms=5000 "
										  "path=\"/sys/fs/cgroup/cpuset/tslxc-native\"\n",
	    &outcome);
	test_check(strstr(outcome.output, "cpuset:/tslxc-native\n"), "%s %s", outcome.output, outcome.text);
	test_check(!test_exists("/sys/fs/cgroup/cpuset/tslxc-native"), "the cgroup is still there");
}

void tests_of_processes(void)
{
	TEST_CASES(cases);
	test_one("cgroup_inherit_cpuset, cgroup_join, cgroup_empty: v1", v1_cpuset);
}
