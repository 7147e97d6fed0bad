/* Facts, records and hooks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define END SPAWN "uts\n" CHILD SH("echo reached")

static const struct plan_case cases[] = {
    {"expect_file: another inode is stale", RUN " expect_file path=\"/proc/version\" dev=1 ino=2 size=3 mtime_ns=4\n" END, 1,
     NULL, "/proc/version has changed"},
    {"expect_absent: holds", RUN " expect_absent path=\"/no/such\"\n" END, 0, "reached", NULL},
    {"expect_absent: is there", RUN " expect_absent dir=\"/\" path=\"proc\"\n" END, 1, NULL, "proc has changed"},
    {"expect_link: holds", RUN " expect_link name=\"lo\"\n" END, 0, "reached", NULL},
    {"expect_link: is not there", RUN " expect_link name=\"none0\"\n" END, 1, NULL, "look for the link none0"},
    {"expect_process: another start time is stale", RUN " expect_process pid=1 starttime=1 process=>{2} pidfd=>{3}\n" END, 1,
     NULL, "has changed"},
    {"expect_namespace: another one is stale",
     RUN " expect_namespace path=\"/proc/self/ns/net\" dev=1 ino=1 namespace=>{2}\n" END, 1, NULL, "has changed"},
    {"expect_vacant: not there yet", RUN " expect_vacant path=\"/sys/fs/cgroup/no-such-group\"\n" END, 0, "reached", NULL},
    {"expect_writable: a writable tree",
     RUN " fs_create attributes=nosuid type=\"tmpfs\" options=[] tree=>{2}\n expect_writable root={2}\n" END, 0, "reached", NULL},
    {"expect_writable: a read-only tree",
     RUN " fs_create attributes=ro type=\"tmpfs\" options=[] tree=>{2}\n expect_writable root={2}\n" END, 1, NULL, "read-only"},
    {"claim_address: twice", RUN " claim_address address=\"@\" socket=>{2}\n claim_address address=\"@\" socket=>{3}\n" END, 1,
     NULL, "bind @"},
    {"hook: its lines, in the actor's namespaces",
     RUN " hook argv=[\"busybox\",\"sh\",\"-c\",\"echo out; echo err >&2; printf tail\"] env=[\"PATH=/bin\"] "
         "where=\"pre-start\"\n" END,
     0, "out\nerr\ntail\n", NULL},
    {"hook: only its environment", RUN " hook argv=[\"/bin/busybox\",\"env\"] env=[\"A=b\"]\n" END, 0, "A=b\n", NULL},
    {"hook: only descriptors 0-2",
     RUN " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo $(busybox ls /proc/self/fd)\"] env=[]\n" END, 0, "0 1 2 3\n", NULL},
    {"hook: slots in its arguments",
     RUN " self process=>{0}\n hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"test {0} = $PPID && echo right {{\"] env=[]\n" END, 0,
     "right {\n", NULL},
    {"hook: its standard input", RUN " hook argv=[\"/bin/busybox\",\"head\",\"-c\",\"5\"] env=[] stdin=\"/proc/version\"\n" END,
     0, "Linux\n", NULL},
    {"hook: a failing one fails the launch",
     RUN " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"exit 7\"] env=[] where=\"pre-start\"\n" END, 1, NULL,
     "pre-start hook exit 7 exited with status 7"},
    {"hook: one that is not there", RUN " hook argv=[\"/no/such\"] env=[]\n" END, 1, "/no/such", "exited with status 127"},
    {"hook: what it leaves behind is not waited for",
     RUN " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"busybox sleep 1 & echo started\"] env=[]\n" END, 0, "started\n", NULL},
};

/* A file as it is: the plan is made with its numbers. */
static void file_holds(struct context *context)
{
	char plan[1024];
	struct stat status;
	struct outcome outcome;
	const char *path = test_path(context, "@/file");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	stat(path, &status);
	snprintf(plan, sizeof plan, RUN " expect_file dir=\"@\" path=\"file\" dev=%llu ino=%llu size=0 mtime_ns=%lld\n" END,
	         (unsigned long long)status.st_dev, (unsigned long long)status.st_ino,
	         (long long)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec);
	test_run(context, "run", plan, &outcome);
	test_check(strstr(outcome.output, "reached"), "%s", outcome.text);
}

/* A symlink in the tree that leads out of it is looked up within it. */
static void file_stays_inside(struct context *context)
{
	struct outcome outcome;
	mkdir(test_path(context, "@/root"), 0755);
	symlink("/etc", test_path(context, "@/root/out"));
	test_run(context, "run", RUN " expect_absent dir=\"@/root\" path=\"out/passwd\"\n" END, &outcome);
	test_check(strstr(outcome.output, "reached"), "%s", outcome.text);
}

static void process_holds(struct context *context)
{
	char text[1024];
	char plan[1024];
	unsigned long long started = 0;
	struct outcome outcome;
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	       &started);
	snprintf(plan, sizeof plan,
	         RUN " expect_process pid=%d starttime=%llu process=>{2} pidfd=>{3}\n"
	             " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo pid {2}\"] env=[]\n" END,
	         (int)getpid(), started);
	test_run(context, "run", plan, &outcome);
	snprintf(text, sizeof text, "pid %d\n", (int)getpid());
	test_check(strcmp(outcome.hooks, text) == 0, "%s %s", outcome.text, outcome.hooks);
}

/* Runs the teardown mode on the saved file, with no other descriptor; returns its wait status. */
static int carry_out_teardown(struct context *context, bool silent)
{
	pid_t pid = fork();
	if (pid == 0) {
		dup2(open(test_path(context, "@/teardown"), O_RDONLY), 3);
		for (int fd = 4; fd < 20; fd++)
			close(fd);
		if (silent)
			close(2);
		execl("/proc/self/exe", "executor-test", "teardown", NULL);
		_exit(99);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	return status;
}

static void make_file(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

/* The saved teardown is a plan; it is carried out under the run lock, its live ops and other segments left out. */
static void teardown_is_saved(struct context *context)
{
	struct outcome outcome;
	test_run(context, "run",
	         RUN " save_teardown path=\"@/teardown\"\n event path=\"@/events\" state=STARTING\n self process=>{0}\n" END
	             "segment teardown-stop\n teardown_hook live=yes argv=[\"/bin/busybox\",\"touch\",\"@/live{0}\"] env=[]\n"
	             " file_remove path=\"@/file\"\n file_remove path=\"@/none\"\n"
	             "segment teardown-reboot\n file_remove path=\"@/other\"\n",
	         &outcome);
	test_check(!outcome.failed, "%s", outcome.text);
	test_check(test_has_text(test_path(context, "@/events"), " STARTING"), "no event");
	make_file(test_path(context, "@/file"));
	make_file(test_path(context, "@/other"));
	int status = carry_out_teardown(context, false);
	test_check(status == 0, "teardown ended with %d", status);
	test_check(!test_exists(test_path(context, "@/file")), "the file is still there");
	test_check(test_exists(test_path(context, "@/other")), "the reboot segment was done");
}

/* What is gone already, or was never there, is no failure. */
static void teardown_unmounts(struct context *context)
{
	struct outcome outcome;
	test_run(context, "run",
	         RUN " save_teardown path=\"@/teardown\"\n" END "segment teardown-stop\n unmount_path path=\"@/there\"\n "
	             "unmount_path path=\"@/there\"\n unmount_path path=\"@/none\"\n"
	             " directory_remove path=\"@/there\"\n directory_remove path=\"@/there\"\n",
	         &outcome);
	mkdir(test_path(context, "@/there"), 0700);
	test_check(mount("none", test_path(context, "@/there"), "tmpfs", 0, NULL) == 0, "mount: %s", strerror(errno));
	make_file(test_path(context, "@/there/file"));
	int status = carry_out_teardown(context, false);
	test_check(status == 0, "teardown ended with %d", status);
	test_check(!test_exists(test_path(context, "@/there")), "the directory is still there");
}

static void teardown_of_others(struct context *context)
{
	struct outcome outcome;
	test_run(context, "run",
	         RUN " save_teardown path=\"@/teardown\"\n" END "segment teardown-stop\n file_remove path=\"@/file\"\n",
	         &outcome);
	make_file(test_path(context, "@/file"));
	chown(test_path(context, "@/teardown"), 1000, 1000);
	int status = carry_out_teardown(context, true);
	test_check(WIFEXITED(status) && WEXITSTATUS(status) == 1, "teardown ended with %d", status);
	test_check(test_exists(test_path(context, "@/file")), "another user's teardown was carried out");
}

void tests_of_expect(void)
{
	TEST_CASES(cases);
	test_one("expect_file: holds", file_holds);
	test_one("expect_file: a path stays within its directory", file_stays_inside);
	test_one("expect_process: holds, and gives the pid", process_holds);
	test_one("save_teardown, event: a teardown file is carried out", teardown_is_saved);
	test_one("unmount_path, directory_remove: twice is well", teardown_unmounts);
	test_one("teardown: a file that another user owns is refused", teardown_of_others);
}
