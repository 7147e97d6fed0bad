#include "start.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "fault.h"
#include "syscalls.h"
#include "tracing.h"

enum { PROC_MAGIC = 0x9fa0 };

/* The caller's Node ignores SIGPIPE and may block signals; nobody may trace what will be inside a container for a moment. */
void start_clean(void)
{
	sigset_t none;
	for (int number = 1; number < _NSIG; number++)
		signal(number, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR); /* the lowest free number: fd itself */
	prctl(PR_SET_NAME, "tslxc-executor");      /* a sealed copy was run without a name */
	tracing_forbid();
}

static int take_descriptor(int fd);
static int open_host(struct run *run);
static int watch_signals(struct run *run);

int start_run(struct run *run, struct plan *plan, enum start_kind kind, const struct start_options *options)
{
	struct plan_fault fault = {0};
	memset(run, 0, sizeof *run);
	run->began_us = monotonic_us();
	run->index = run->failure.index = -1;
	run->plan = plan;
	run->meeting = run->passage = run->signals = run->null_device = run->proc = run->events = -1;
	run->spawner_pidfd = run->child_pidfd = run->expected_pidfd = -1;
	monitor_init(&run->monitor);
	run->umask = umask(0); /* every mode is the plan's own */
	run->plan_fd = take_descriptor(START_PLAN);
	run->status = options->status ? take_descriptor(START_STATUS) : -1;
	if (kind == START_LAUNCH && !options->status)
		close(START_STATUS);
	run->lock = kind == START_RUN ? -1 : take_descriptor(START_LOCK);
	if (kind == START_LAUNCH)
		close_descriptors(START_LOCK + 1, 0);

	int error = slots_open(run);
	if (error == 0)
		error = open_host(run);
	if (error == 0)
		error = watch_signals(run);
	if (error < 0)
		return error;
	error = plan_load(plan, START_PLAN, &fault);
	if (error == 0)
		error = plan_verify(plan, &fault);
	if (error == 0 && (plan->header->kind == PLAN_TEARDOWN) != (kind == START_TEARDOWN))
		error = plan_refuse(&fault, -1, "a plan of another kind");
	if (error == 0)
		return 0;
	run->index = fault.index;
	return fail(run, error, "%s", fault.text);
}

/* It was made to reach us; it goes no further. */
static int take_descriptor(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fd;
}

/* While / is still the host's: what must not be looked for in a guest. */
static int open_host(struct run *run)
{
	struct stat status;
	struct statfs fs;
	run->null_device = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (run->null_device < 0)
		return fail(run, errno, "open /dev/null");
	if (fstat(run->null_device, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
		return fail(run, ENODEV, "/dev/null is not the null device");
	run->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run->proc < 0)
		return fail(run, errno, "open /proc");
	if (fstatfs(run->proc, &fs) < 0 || fs.f_type != PROC_MAGIC)
		return fail(run, ENODEV, "/proc is not procfs");
	return 0;
}

/* So that being told to end while launching is a failure like any other, and undone. */
static int watch_signals(struct run *run)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return run->signals < 0 ? fail(run, errno, "signalfd") : 0;
}

void start_forget(struct run *run)
{
	close_fd(&run->signals);
	close_fd(&run->plan_fd);
	/* The plan is kept for a reboot, but needs no memory until then. */
	if (run->plan->sealed)
		madvise((void *)run->plan->header, run->plan->mapped_bytes, MADV_DONTNEED);
}

void close_descriptors(unsigned int first, unsigned int flags)
{
#ifndef BREAK_close_range
	if (sys_close_range(first, flags) == 0)
		return;
	for (int fd = (int)first; fd < 65536; fd++) { /* a seccomp filter of the caller's may refuse it */
		if (flags)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
#else
	(void)first;
	(void)flags;
#endif
}

int start_options_read(int argc, char **argv, struct start_options *options)
{
	*options = (struct start_options){.argv = argv - 1, .argc = argc + 1};
	for (int n = 1; n < argc; n++) {
		if (strcmp(argv[n], "--foreground") == 0) {
			options->foreground = true;
		} else if (strcmp(argv[n], "--status") == 0) {
			options->status = true;
		} else if (strcmp(argv[n], "--title") == 0 && n + 1 < argc) {
			options->title = argv[++n];
		} else if (strcmp(argv[n], "--parent") == 0 && n + 1 < argc) {
			options->parent = (pid_t)strtol(argv[++n], NULL, 10);
		} else if (strcmp(argv[n], "--") == 0 && n + 1 < argc) {
			options->restart = argv + n + 1;
			break;
		} else {
			dprintf(2, "tslxc-executor: %s %s?\n", argv[0], argv[n]);
			return -EINVAL;
		}
	}
	return 0;
}

int parent_follow(const struct start_options *options)
{
	if (!options->parent)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have ended before the kernel knew. */
	return getppid() == options->parent ? 0 : -ESRCH;
}

/* The kernel shows the memory in which the arguments came. */
void title_set(const struct start_options *options)
{
	char title[1024];
	char *begin = options->argv[0];
	char *end = begin;
	if (!options->title)
		return;
	snprintf(title, sizeof title, "%s", options->title);
	for (int n = 0; n < options->argc && options->argv[n] == end; n++)
		end += strlen(end) + 1;
	size_t room = (size_t)(end - begin);
	memset(begin, 0, room);
	strncpy(begin, title, room - 1);
	prctl(PR_SET_NAME, "tslxc-monitor");
}

int boot_id_read(struct run *run, uint8_t id[16])
{
	char text[64] = "";
	/* Not resolve_proc: it may be bound over, and then counts as what it is bound to, for us as for TypeScript. */
	AUTO_CLOSE int fd = openat(run->proc, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (got < 36)
		return fail(run, fd < 0 ? errno : EIO, "read boot_id");
	size_t used = 0;
	for (const char *at = text; used < 16 && *at; at++) {
		unsigned int byte = 0;
		if (*at == '-')
			continue;
		if (sscanf(at++, "%2x", &byte) != 1)
			return fail(run, EIO, "boot_id %s", text);
		id[used++] = (uint8_t)byte;
	}
	return used == 16 ? 0 : fail(run, EIO, "boot_id %s", text);
}
