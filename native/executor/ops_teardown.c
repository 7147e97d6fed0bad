/* Teardown ops. Each tolerates that what it removes is gone already: another process may have been here before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "files.h"
#include "hook.h"
#include "ops.h"
#include "run.h"
#include "subtree.h"
#include "syscalls.h"

enum { RETRY_MS = 5, MAX_PIDS_READ = 4096, OP_CGROUP_MAKE = 20 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1, 0, or -errno. v2: the whole subtree by the kernel's own account; v1 has none. */
static int is_populated_v2(struct run *run, int directory)
{
	char events[256];
	int got = file_read_at(run, directory, "cgroup.events", events, sizeof events);
	return got < 0 ? got : strstr(events, "populated 1") != NULL;
}

/* Kills all, and waits for the kernel's notification that the last one is gone. A frozen cgroup dies too. */
static int empty_v2(struct run *run, int directory, int64_t deadline_ms)
{
	AUTO_CLOSE int events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
	for (;;) {
		int populated = is_populated_v2(run, directory);
		if (populated <= 0)
			return populated;
		int error = file_write_at(run, directory, "cgroup.kill", "1");
		if (error < 0)
			return error;
		int64_t left = deadline_ms - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd polled = {.fd = events, .events = POLLPRI};
		if (is_populated_v2(run, directory) > 0)
			poll(&polled, 1, (int)(left < 100 ? left : 100)); /* who forks past the kill is killed again */
	}
}

/* v1: what is frozen can't die, so it is thawed first. */
static int kill_visit(struct run *run, int directory)
{
	char text[MAX_PIDS_READ];
	int found = 0;
	if (faccessat(directory, "freezer.state", F_OK, 0) == 0)
		file_write_at(run, directory, "freezer.state", "THAWED");
	AUTO_CLOSE int processes = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	ssize_t got = processes < 0 ? 0 : read(processes, text, sizeof text - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	for (char *at = text; *at;) {
		pid_t pid = (pid_t)strtol(at, &at, 10);
		at += strspn(at, "\n");
		if (pid <= 0)
			break;
		kill(pid, SIGKILL);
		found = 1;
	}
	return found;
}

static int empty_v1(struct run *run, const char *path, int64_t deadline_ms)
{
	for (;;) {
		int found = subtree_visit(run, path, kill_visit);
		if (found <= 0)
			return found;
		if (now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		poll(NULL, 0, RETRY_MS);
	}
}

int op_cgroup_empty(struct run *run, const struct cgroup_empty_op *o)
{
	int64_t deadline_ms = now_ms() + o->timeout_ms;
	if (run->undoing && !was_performed(run, OP_CGROUP_MAKE, o->path))
		return 0;
	AUTO_CLOSE int directory = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return errno == ENOENT ? 0 : fail(run, errno, "open %s", o->path);
	bool v2 = faccessat(directory, "cgroup.kill", F_OK, 0) == 0;
	int error = v2 ? empty_v2(run, directory, deadline_ms) : empty_v1(run, o->path, deadline_ms);
	if (error == -ENODEV || error == -ENOENT) { /* removed while we looked */
		run->failure.error = 0;
		return 0;
	}
	return error < 0 ? fail(run, error, "end the processes in %s", o->path) : 0;
}

/* The dead may be counted for a moment more (EBUSY). */
int op_cgroup_remove(struct run *run, const struct cgroup_remove_op *o)
{
	int64_t deadline_ms = now_ms() + o->timeout_ms;
	if (run->undoing && !was_performed(run, OP_CGROUP_MAKE, o->path))
		return 0;
	for (;;) {
		int error = subtree_remove(run, o->path);
		if (error == 0 || error == -ENOENT)
			return 0;
		if (error != -EBUSY || now_ms() >= deadline_ms)
			return fail(run, error, "rmdir %s", o->path);
		poll(NULL, 0, RETRY_MS);
	}
}

int op_file_remove(struct run *run, const struct file_remove_op *o)
{
	return unlink(o->path) == 0 || errno == ENOENT || errno == ENOTDIR ? 0 : fail(run, errno, "unlink %s", o->path);
}

int op_directory_remove(struct run *run, const struct directory_remove_op *o)
{
	return rmdir(o->path) == 0 || errno == ENOENT ? 0 : fail(run, errno, "rmdir %s", o->path);
}

int op_unmount_path(struct run *run, const struct unmount_path_op *o)
{
	if (sys_umount(o->path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT)
		return 0;
	return fail(run, errno, "umount %s", o->path);
}

/* A live one needs what only a launch knew: not known (it failed early), it is left out. */
int op_teardown_hook(struct run *run, const struct teardown_hook_op *o)
{
	struct text_vector probe;
	struct hook hook = {.name = "teardown", .argv = o->argv, .env = o->env, .root = NO_FD};
	if (o->live && (format_list(run, &o->argv, &probe) < 0 || format_list(run, &o->env, &probe) < 0)) {
		bool unknown = run->failure.error == ENODATA;
		if (unknown)
			run->failure.error = 0;
		return unknown ? 0 : -run->failure.error;
	}
	return hook_run(run, &hook);
}
