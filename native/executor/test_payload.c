/* What the child does to itself, seen from within. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

#define BARE "plan run\n" SPAWN "uts\n" CHILD

static const struct plan_case cases[] = {
    {"hostname", BARE " hostname name=\"guest-1\"\n" SH("hostname"), 0, "guest-1\n", NULL},
    {"personality", BARE " personality value=0x8\n" SH("uname -m"), 0, "i686\n", NULL},
    {"capabilities: bounding and all other sets",
     BARE " capabilities bounding=0x1\n" SH("grep Cap /proc/self/status | cut -f2 | uniq -c | tr -s ' '"), 0,
     " 1 0000000000000000\n 3 0000000000000001\n 1 0000000000000000\n", NULL},
    {"dumpable: nobody looks into what becomes the payload",
     BARE " capabilities bounding=0x0\n hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"busybox ls /proc/{1}/root/ >/dev/null 2>&1 "
          "|| echo "
          "denied\"] env=[]\n" SH(""),
     0, "denied\n", NULL},
    {"no_new_privs", BARE " no_new_privs\n" SH("grep NoNewPrivs /proc/self/status"), 0, "NoNewPrivs:\t1\n", NULL},
    /* load nr; mkdir (83) → EPERM; all else allowed */
    {"seccomp",
     BARE " no_new_privs\n seccomp log=no program=<2000000000000000150000015300000006000000010005000600000000"
          "00ff7f>\n" SH("mkdir @/d 2>&1; grep Seccomp: /proc/self/status"),
     0, "Operation not permitted\nSeccomp:\t2\n", NULL},
    {"seccomp: half an instruction", BARE " seccomp log=no program=<200000>\n" SH(""), 1, NULL, "seccomp program of 3 bytes"},
    {"identity: ids and groups",
     BARE " identity uid=12 gid=34 groups=[\"56\",\"78\"]\n" SH("grep -e ^Uid -e ^Gid -e ^Groups /proc/self/status"), 0,
     "Uid:\t12\t12\t12\t12\nGid:\t34\t34\t34\t34\nGroups:\t56 78", NULL},
    {"identity: a group that is no number", BARE " identity uid=12 gid=34 groups=[\"0x1\"]\n" SH(""), 1, NULL, "group 0x1"},
    {"directory_enter", BARE " directory_enter path=\"@\" make=no\n" SH("pwd"), 0, "/tmp/tslxc-native", NULL},
    {"directory_enter: makes it", BARE " directory_enter path=\"@/a/b\" make=yes\n" SH("pwd"), 0, "/a/b\n", NULL},
    {"directory_enter: a leaked descriptor is no way in",
     "plan run\n" SPAWN "mnt\nsegment child\n propagation path=\"/\" propagation=rec,private\n directory_open path=\"/\" "
     "directory=>{2}\n pivot root={2}\n" SH(""),
     1, NULL, "pivot_root"},
    {"umask", BARE " umask mask=027\n" SH("umask"), 0, "0027\n", NULL},
    {"exec: the environment, exactly", BARE " exec argv=[\"/bin/busybox\",\"env\"] env=[\"A=1\",\"PID={1}\"]\n", 0,
     "A=1\nPID=", NULL},
    {"exec: found in the PATH of env", BARE " exec argv=[\"busybox\",\"echo\",\"found\"] env=[\"PATH=/no:/bin\"]\n", 0, "found\n",
     NULL},
    {"exec: not there is 127", BARE " exec argv=[\"/no/such\"] env=[]\n", 127, NULL, "exec /no/such"},
    {"exec: not executable is 126", BARE " exec argv=[\"/etc/passwd\"] env=[]\n", 126, NULL, "exec /etc/passwd"},
    {"exec: signals as they should be",
     BARE " exec argv=[\"/bin/busybox\",\"grep\",\"-e\",\"SigBlk\",\"-e\",\"SigIgn\",\"/proc/self/status\"] env=[]\n", 0,
     "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", NULL},
    {"exec: descriptors 0-2 alone", BARE SH("echo fds $(ls /proc/self/fd)"), 0, "fds 0 1 2 3\n", NULL},
    {"exec: the payload's status is ours", BARE SH("exit 9"), 9, NULL, NULL},
    {"exec: and so is its signal", BARE SH("kill -9 $$"), 137, NULL, NULL},
    {"parent_death", BARE " parent_death signal=9\n" SH("echo alive"), 0, "alive", NULL},
    {"time namespaces and all others at once", "plan run\n" SPAWN "mnt,cgroup,uts,ipc,pid,net\n" CHILD SH("echo $$"), 0, "1\n",
     NULL},
};

static void keyring(struct context *context)
{
	char ours[64];
	struct outcome outcome;
	snprintf(ours, sizeof ours, "keyring %ld\n", syscall(SYS_keyctl, 0, -3, 0));
	test_run(context, "run", BARE " session_keyring\n exec argv=[\"/proc/self/exe\",\"keyring\"] env=[]\n", &outcome);
	test_check(strncmp(outcome.output, "keyring ", 8) == 0 && strcmp(outcome.output, ours) != 0, "%s", outcome.output);
}

/* Cores are only shared where there are threads to share them. */
static void core_scheduling(struct context *context)
{
	struct outcome outcome;
	test_run(context, "run", BARE " own_core_scheduling\n" SH("echo done"), &outcome);
	if (outcome.failed)
		test_skip("this machine has no core scheduling");
	else
		test_check(strstr(outcome.output, "done"), "%s", outcome.output);
}

static void label(struct context *context)
{
	struct outcome outcome;
	if (!test_has_text("/sys/kernel/security/lsm", "apparmor")) {
		test_skip("no AppArmor here");
		return;
	}
	test_run(context, "run",
	         BARE " label attribute=\"apparmor/exec\" value=\"exec unconfined\"\n" SH("cat /proc/self/attr/current"),
	         &outcome);
	test_check(strstr(outcome.output, "unconfined"), "%s", outcome.text);
}

void tests_of_payload(void)
{
	TEST_CASES(cases);
	test_one("own_core_scheduling", core_scheduling);
	test_one("label", label);
	test_one("session_keyring: another one than ours", keyring);
}
