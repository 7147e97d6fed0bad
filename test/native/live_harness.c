/*
 * Runs the live half of the executor on a plain child instead of a container, for test/system/monitor*.test.ts:
 *
 *   live-harness monitor RUNDIR LOG LOG_BYTES ROTATE RING_BYTES TTYS FOREGROUND CMD…   (LOG "-": none; numbers decimal)
 *   live-harness pump LOG CMD…                                                        (kind run: the mask is what is a tty)
 *   live-harness event RUNDIR STATE EXTRA
 *
 * The monitor's child is pid 1 of a pid namespace of its own, so that it may call reboot(2). `monitor` prints
 * "outcome REBOOT STATUS".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "event.h"
#include "monitor.h"
#include "pump.h"

static int die(const char *what)
{
	fprintf(stderr, "live-harness: %s: %s\n", what, strerror(errno));
	exit(99);
}

static int open_master(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlock = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		die("ptmx");
	return master;
}

static int open_slave(int master)
{
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return slave < 0 ? die("TIOCGPTPEER") : slave;
}

/* fds of the child that are the pty: those in the mask. */
static pid_t start_child(int slave, unsigned mask, char **argv, int *pidfd)
{
	int ready[2];
	char byte;
	pid_t child = pipe2(ready, O_CLOEXEC) < 0 ? -1 : fork();

	if (child == 0) {
		setsid();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (slave >= 0)
			ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			if (mask & (1u << fd))
				dup2(slave, fd);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	/* Until its exec: were we killed before its prctl, it would outlive us. */
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	*pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	if (*pidfd < 0)
		die("pidfd_open");
	return child;
}

static int run_monitor(char **argv)
{
	static struct monitor monitor;
	struct monitor_outcome outcome;
	int master = open_master();
	AUTO_CLOSE int slave = open_slave(master);
	char names[4096] = "";
	int error;
	int pidfd;
	pid_t child;

	monitor_init(&monitor);
	error = monitor_serve_console(&monitor, master, atoll(argv[4]), atoll(argv[2]), atoi(argv[3]) != 0,
	                              strcmp(argv[1], "-") == 0 ? NULL : argv[1]);
	for (int number = 1; !error && number <= atoi(argv[5]); number++) {
		int tty = open_master();
		int n = 0;

		ioctl(tty, (int)TIOCGPTN, &n);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "/dev/pts/%d ", n);
		error = monitor_serve_tty(&monitor, tty, number);
	}
	setenv("TTYS", names, 1);
	if (!error)
		error = monitor_serve_control(&monitor, argv[0]);
	if (!error && atoi(argv[6]))
		error = monitor_serve_foreground(&monitor);
	errno = -error;
	if (error)
		die("serve");
	if (unshare(CLONE_NEWPID) < 0)
		die("unshare");
	child = start_child(slave, 7, argv + 7, &pidfd);
	close_fd(&slave);
	outcome = monitor_run(&monitor, child, pidfd);
	monitor_close(&monitor, outcome.reboot);
	printf("outcome %d %d\n", outcome.reboot, outcome.status);
	return 0;
}

static int run_pump(char **argv)
{
	struct pump pump = {.master = -1, .log = strcmp(argv[0], "-") == 0 ? NULL : argv[0]};
	AUTO_CLOSE int slave = -1;
	int status = 0;
	int error;
	int pidfd;
	pid_t child;

	for (int fd = 0; fd < 3; fd++)
		pump.mask |= isatty(fd) ? 1u << fd : 0;
	if (pump.mask) {
		pump.master = open_master();
		slave = open_slave(pump.master);
		pump_copy_size(&pump);
	}
	child = start_child(slave, pump.mask, argv + 1, &pidfd);
	close_fd(&slave);
	error = pump_run(&pump, child, pidfd, &status);
	errno = -error;
	if (error)
		die("pump_run");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_event(char **argv)
{
	AUTO_CLOSE int dir = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

	errno = -event_append(dir, atoi(argv[1]), *argv[2] ? argv[2] : NULL);
	return errno ? die("event_append") : 0;
}

int main(int argc, char **argv)
{
	if (argc > 9 && strcmp(argv[1], "monitor") == 0)
		return run_monitor(argv + 2);
	if (argc > 3 && strcmp(argv[1], "pump") == 0)
		return run_pump(argv + 2);
	if (argc > 4 && strcmp(argv[1], "event") == 0)
		return run_event(argv + 2);
	fprintf(stderr, "usage: see the top of live_harness.c\n");
	return 98;
}
