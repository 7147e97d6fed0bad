/* kind run: waits for the payload, carrying bytes between the caller's terminal and the payload's pty when it has one. */
#ifndef TSLXC_PUMP_H
#define TSLXC_PUMP_H

#include <sys/types.h>

struct pump {
	int master;      /* -1: the payload uses the caller's descriptors as they are; the pump only waits */
	unsigned mask;   /* bit n: the payload's fd n is the pty, because the caller's fd n is a terminal */
	const char *log; /* copy of the pty's output, NULL: none */
};

/* Gives the pty the window size of the caller's terminal: before the payload's exec, so that it never sees another. */
void pump_copy_size(const struct pump *pump);

/*
 * Waits until the child is gone and every byte of its pty is written; *status is its wait status. The caller's terminal is raw
 * meanwhile and restored on every way out. SIGINT and SIGQUIT never end it, as lxc-attach; where stdin is no terminal they are
 * passed to the child. SIGTERM and SIGHUP are passed to the child and then end this process. Returns 0 or -errno (the child may
 * then still run).
 */
int pump_run(const struct pump *pump, pid_t child, int child_pidfd, int *status);

#endif
