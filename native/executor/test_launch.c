/* The whole of a run: what happens when somebody dies, is told to end, or comes back. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define LAUNCH                                                                                                                   \
	"plan launch\nsegment host\n event path=\"@/events\" state=STARTING\n cgroup_make path=\"~/a\" mode=0755 "               \
	"directory=>{0}\n"
#define INTO "segment spawner\n spawner cgroup={0}\n clone_init process=>{1} namespaces=pid,mnt\n"
#define LEAVE                                                                                                                    \
	"segment teardown-stop\n cgroup_empty timeout_ms=5000 path=\"~/a\"\n cgroup_remove timeout_ms=5000 path=\"~/a\"\n"       \
	" teardown_hook live=yes argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo pid {1} >@/stopped\"] env=[]\n"                     \
	" teardown_event path=\"@/events\" state=STOPPED\n"

static bool gone(const struct context *context)
{
	return !test_exists(test_path(context, "~/a"));
}

static pid_t read_pid(const struct context *context, const char *path)
{
	int pid = 0;
	FILE *file = fopen(test_path(context, path), "r");
	if (!file || fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return pid;
}

static bool wait_dead(pid_t pid)
{
	for (int n = 0; n < 500 && kill(pid, 0) == 0; n++)
		poll(NULL, 0, 10);
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static void runs_and_stops(struct context *context)
{
	struct outcome outcome;
	test_run(context, "launch",
	         LAUNCH INTO "segment parent\n record_init path=\"@/init\" process={1}\n" CHILD SH("exit 3") LEAVE, &outcome);
	test_check(outcome.running && !outcome.failed, "%s", outcome.text);
	test_check(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0, "status %x", (unsigned int)outcome.status);
	test_check(test_has_text(test_path(context, "@/events"), "2 ") &&
	               test_has_text(test_path(context, "@/events"), " RUNNING\n"),
	           "no RUNNING");
	test_check(test_has_text(test_path(context, "@/events"), " STOPPED status=768\n"), "no STOPPED with the wait status");
	test_check(read_pid(context, "@/init") > 0, "no record of init");
	test_check(test_has_text(test_path(context, "@/stopped"), "pid "), "no live teardown hook");
	test_check(gone(context), "the cgroup is still there");
}

/* init asks for a reboot: the plan is carried out again, from its first op. */
static void reboots(struct context *context)
{
	struct outcome outcome;
	test_run(
	    context, "launch",
	    LAUNCH INTO CHILD SH("test -e @/second && exit 0; touch @/second; reboot -f; sleep 9") LEAVE
	    "segment teardown-reboot\n cgroup_empty timeout_ms=5000 path=\"~/a\"\n cgroup_remove timeout_ms=5000 path=\"~/a\"\n",
	    &outcome);
	test_check(!outcome.failed, "%s", outcome.text);
	test_check(test_has_text(test_path(context, "@/events"), "4 "), "it ran once");
	test_check(test_has_text(test_path(context, "@/events"), " STOPPED status=0\n"), "it did not end by itself");
	test_check(gone(context), "the cgroup is still there");
}

/* … but when a fact that it rests on has changed meanwhile, the command that plans anew is run. */
static void reboots_into_other_facts(struct context *context)
{
	struct outcome outcome;
	test_run(
	    context, "launch",
	    "plan launch\nsegment host\n expect_absent path=\"@/upgraded\"\n cgroup_make path=\"~/a\" mode=0755 "
	    "directory=>{0}\n" INTO CHILD SH(
		"touch @/upgraded; reboot -f; sleep 9") "segment teardown-reboot\n cgroup_empty timeout_ms=5000 path=\"~/a\"\n"
							" cgroup_remove timeout_ms=5000 path=\"~/a\"\n",
	    &outcome);
	test_check(test_exists(test_path(context, "@/again")), "the command was not run");
	test_check(gone(context), "the cgroup is still there");
}

/* The first cause first, then word that all is undone; nothing is left. */
static void fails_and_undoes(struct context *context)
{
	struct outcome outcome;
	test_run(context, "launch", LAUNCH INTO CHILD " hostname name=\"\"\n exec argv=[\"/no/such\"] env=[]\n" LEAVE, &outcome);
	test_check(outcome.failed && outcome.error == ENOENT && outcome.index == 5, "op %d: %s", outcome.index, outcome.text);
	test_check(outcome.ended, "not ended");
	test_check(gone(context), "the cgroup is still there");
}

/* A name that somebody else uses: what is his stays (LXC's own monitor may run a container of the same name). */
static void leaves_others_alone(struct context *context)
{
	struct outcome other;
	struct outcome ours;
	pid_t pid = test_begin(context, "launch",
	                       LAUNCH INTO CHILD " parent_death signal=9\n" SH("echo up >@/up; sleep 60") LEAVE, &other);
	test_check(test_wait_text(test_path(context, "@/up"), "up"), "it did not start");
	int kept[2] = {dup(OUTPUT_FD), dup(STATUS_FD)};
	test_run(context, "launch", LAUNCH INTO CHILD SH("") LEAVE, &ours);
	test_check(ours.failed && ours.error == EBUSY && ours.ended, "%s", ours.text);
	test_check(test_exists(test_path(context, "~/a")) && kill(pid, 0) == 0, "the other's cgroup is gone");
	test_check(test_has_text(test_path(context, "~/a/cgroup.events"), "populated 1"), "the other's processes were killed");
	dup2(kept[0], OUTPUT_FD);
	dup2(kept[1], STATUS_FD);
	kill(pid, SIGKILL);
	test_finish(pid, &other);
	for (int n = 0; n < 500 && rmdir(test_path(context, "~/a")) < 0 && errno == EBUSY; n++)
		poll(NULL, 0, 10);
}

/* Nobody waits for the dead: a child that is killed while it is set up fails the launch. */
static void child_is_killed(struct context *context)
{
	struct outcome outcome;
	test_run(context, "launch",
	         LAUNCH INTO "segment parent\n hook argv=[\"/bin/busybox\",\"kill\",\"-9\",\"{1}\"] env=[]\n" CHILD SH("") LEAVE,
	         &outcome);
	test_check(outcome.failed && strstr(outcome.text, "was killed while it was set up"), "%s", outcome.text);
	test_check(outcome.ended && gone(context), "not undone");
}

/* SIGTERM while a hook runs is a failure like any other. */
static void told_to_end(struct context *context)
{
	struct outcome outcome;
	pid_t pid = test_begin(
	    context, "launch",
	    LAUNCH
	    " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo begun >@/begun; sleep 60\"] env=[\"PATH=/bin\"]\n" INTO CHILD SH(
		"") LEAVE,
	    &outcome);
	test_check(test_wait_text(test_path(context, "@/begun"), "begun"), "the hook did not run");
	kill(pid, SIGTERM);
	test_finish(pid, &outcome);
	test_check(outcome.failed && outcome.error == EINTR && outcome.ended, "%s", outcome.text);
	test_check(gone(context), "the cgroup is still there");
}

/* With the default parent_death init dies with its monitor, also when nobody can tell it any more. */
static void monitor_is_killed(struct context *context)
{
	struct outcome outcome;
	pid_t pid = test_begin(
	    context, "launch",
	    LAUNCH INTO "segment parent\n record_init path=\"@/init\" process={1}\n" CHILD " parent_death signal=9\n" SH(
		"echo up >@/up; sleep 60") "segment teardown-stop\n cgroup_empty timeout_ms=5000 path=\"~/a\"\n",
	    &outcome);
	test_check(test_wait_text(test_path(context, "@/up"), "up"), "it did not start");
	pid_t init = read_pid(context, "@/init");
	kill(pid, SIGKILL);
	test_finish(pid, &outcome);
	test_check(init > 0 && wait_dead(init), "init lives on");
	for (int n = 0; n < 500 && rmdir(test_path(context, "~/a")) < 0 && errno == EBUSY; n++)
		poll(NULL, 0, 10);
}

/* The executor dies while the child waits for its turn: the child ends by itself. */
static void executor_is_killed(struct context *context)
{
	struct outcome outcome;
	pid_t pid = test_begin(
	    context, "launch",
	    LAUNCH INTO
	    "segment parent\n record_init path=\"@/init\" process={1}\n"
	    " hook argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo begun >@/begun; exec sleep 2\"] env=[\"PATH=/bin\"]\n" CHILD SH(
		"touch @/ran"),
	    &outcome);
	test_check(test_wait_text(test_path(context, "@/begun"), "begun"), "the hook did not run");
	pid_t init = read_pid(context, "@/init");
	kill(pid, SIGKILL);
	test_finish(pid, &outcome);
	test_check(init > 0 && wait_dead(init), "the child lives on");
	test_check(!test_exists(test_path(context, "@/ran")), "the payload ran");
	for (int n = 0; n < 500 && rmdir(test_path(context, "~/a")) < 0 && errno == EBUSY; n++)
		poll(NULL, 0, 10);
}

/* The tree of a sandbox is removed when its executor is gone: so all of the sandbox has to be gone before. */
static void sandbox_is_told_to_end(struct context *context)
{
	struct outcome outcome;
	pid_t pid = test_begin(context, "run",
	                       "plan run\n" SPAWN "pid,mnt\nsegment parent\n record_init path=\"@/init\" process={1}\n" CHILD
	                       " propagation path=\"/\" propagation=rec,private\n parent_death signal=9\n" SH(
				   "trap '' TERM; (trap '' TERM; echo up >@/up; sleep 60) & wait"),
	                       &outcome);
	test_check(test_wait_text(test_path(context, "@/up"), "up"), "it did not start");
	pid_t init = read_pid(context, "@/init");
	kill(pid, SIGTERM);
	test_finish(pid, &outcome);
	test_check(kill(init, 0) < 0, "the sandbox outlived its executor");
	test_check(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 137, "status %x", (unsigned int)outcome.status);
}

/* A payload that may be the owner of our file is entered from a sealed copy, another one from the file. */
static void sealed_copy(struct context *context)
{
	struct outcome outcome;
	test_run(context, "run",
	         RUN " self process=>{0}\n hook argv=[\"/bin/busybox\",\"readlink\",\"/proc/{0}/exe\"] env=[]\n" SPAWN
	             "uts\n" CHILD SH(""),
	         &outcome);
	test_check(strstr(outcome.hooks, "/memfd:"), "%s%s", outcome.hooks, outcome.text);
	test_run(context, "run",
	         RUN " self process=>{0}\n hook argv=[\"/bin/busybox\",\"readlink\",\"/proc/{0}/exe\"] env=[]\n" SPAWN
	             "user\nsegment parent\n"
	             " idmap_write process={1} uids=\"0 100000 1\\n\" gids=\"0 100000 1\\n\"\n" CHILD
	             " identity uid=0 gid=0 groups=[]\n" SH(""),
	         &outcome);
	test_check(outcome.hooks[0] == '/' && !strstr(outcome.hooks, "memfd"), "%s%s", outcome.hooks, outcome.text);
	/* The owner of our file is in this one. */
	test_run(context, "run",
	         RUN " self process=>{0}\n hook argv=[\"/bin/busybox\",\"readlink\",\"/proc/{0}/exe\"] env=[]\n" SPAWN
	             "user\nsegment parent\n"
	             " idmap_write process={1} uids=\"1 100000 5\\n0 0 1\\n\" gids=\"0 0 1\\n\"\n" CHILD
	             " identity uid=0 gid=0 groups=[]\n" SH(""),
	         &outcome);
	test_check(strstr(outcome.hooks, "/memfd:"), "%s%s", outcome.hooks, outcome.text);
}

void tests_of_launch(void)
{
	test_one("launch: runs and stops", runs_and_stops);
	test_one("launch: reboots", reboots);
	test_one("launch: reboots when its facts have changed", reboots_into_other_facts);
	test_one("launch: fails, and undoes everything", fails_and_undoes);
	test_one("launch: leaves alone what has its names and is another's", leaves_others_alone);
	test_one("launch: the child is killed while it is set up", child_is_killed);
	test_one("launch: told to end during a hook", told_to_end);
	test_one("parent_death: the monitor is killed", monitor_is_killed);
	test_one("launch: the executor is killed while it is setting up", executor_is_killed);
	test_one("run: a sandbox is told to end", sandbox_is_told_to_end);
	test_one("sealed: the executor is not a file that the payload could write", sealed_copy);
}
