/* A terminal that belongs to somebody else: raw for a while, its own self again on every way out. */
#ifndef TSLXC_TERMINAL_H
#define TSLXC_TERMINAL_H

#include <stdbool.h>
#include <signal.h>
#include <termios.h>

struct terminal {
	int fd; /* -1: none */
	bool raw;
	int shared_flags; /* of the caller's open file, when ours is the same one; -1: it is our own */
	struct termios saved;
};

#define NO_TERMINAL ((struct terminal){.fd = -1, .shared_flags = -1})

/*
 * Opens the terminal behind `fd` once more, non-blocking: O_NONBLOCK on the caller's own open file would be seen by everyone
 * who shares it. Where it may not be opened again (after su) that is what happens, until terminal_close. -ENOTTY.
 */
int terminal_open(struct terminal *terminal, int fd);

/* Raw mode; again, after a stop in which the shell made it its own. */
int terminal_raw(struct terminal *terminal);
void terminal_restore(struct terminal *terminal);
void terminal_close(struct terminal *terminal);

/* Gives `to` the size of `from`; silent when either has none. */
void terminal_copy_size(int from, int to);

/* Ends this process as `signal` would have ended it, had it not been blocked and read. */
_Noreturn void terminal_die_of(int signal);

/* Stops this process as the job control signal it was sent would have, with the terminal its own self meanwhile. */
void terminal_stop(struct terminal *terminal);

#define AUTO_TERMINAL __attribute__((cleanup(terminal_close)))

#endif
