/*
 * The live half: what the executor becomes once the payload's exec has succeeded. launch.c fills the structs in (serve_* and pump
 * ops), monitor.c and pump.c read them. Descriptors belong to the caller, who closes them after the return.
 */
#ifndef TSLXC_MONITOR_H
#define TSLXC_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MONITOR_MAX_TTYS = 64 };

struct monitor_tty {
	int master;
	int number; /* as in lxc-console -t: 1 is the first */
};

struct monitor {
	pid_t init; /* our child, not yet waited for: the pid can't be reused */
	int init_pidfd;
	int lock;           /* the run lock; never inherited by a child */
	int run_directory;  /* O_PATH descriptor of the run directory, for the control socket; -1: none is served */
	const char *title;  /* for the process list */
	const char *events; /* the events file, NULL: none */
	bool foreground;    /* start -F: fds 0-2 are the user's; the console is theirs */
	struct {
		int master;         /* -1: no console */
		int64_t ring_bytes; /* 0: no ring */
		int64_t log_bytes;  /* 0: no limit */
		bool rotate;
		const char *log; /* a host path, NULL: no log */
	} console;
	unsigned int tty_count;
	struct monitor_tty ttys[MONITOR_MAX_TTYS];
};

enum monitor_outcome {
	MONITOR_STOP = 0,
	MONITOR_REBOOT = 1, /* init was ended by reboot(RESTART): SIGHUP in its wait status */
};

/* Lives as long as init does; reaps it. Never fails: from here on nothing but init's end ends us. */
enum monitor_outcome monitor_run(struct monitor *monitor, int *wait_status);

/* kind run with a pump op: moves bytes between our fds 0-2 that are in `mask` and the pty until the child is gone and its output is
 * drained; restores the terminal; reaps the child. Returns its wait status. */
struct pump {
	int master; /* -1: there is no pty, only the child is waited for */
	unsigned int mask;
	const char *log; /* a host path, NULL: none */
	pid_t child;
	int child_pidfd;
	bool kill_child; /* the child is the init of a pid namespace of ours: SIGTERM, SIGINT, SIGHUP to us kill it */
};
int pump_run(struct pump *pump);

/* Appends one line to an events file; state is LXC's word, extra is "" or " key=value". 0 or -errno. */
int events_append(const char *path, const char *state, const char *extra);

#endif
