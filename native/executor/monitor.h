/*
 * The executor after init has been exec'd: one loop over init's pidfd, signals, the console's master and the control socket.
 *
 * launch.c owns a struct monitor: monitor_init() before the first segment, the serve_* ops fill it (before exec: an error
 * fails the launch), monitor_run() serves until init is gone and every byte of the console has been handed out, and
 * monitor_close() lets go of what it holds (also after a failed launch). A reboot begins again with monitor_init().
 */
#ifndef TSLXC_MONITOR_H
#define TSLXC_MONITOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control.h"
#include "terminal.h"

enum {
	MONITOR_MAX_TTYS = 128,   /* numbers 1..128 */
	MONITOR_MAX_CLIENTS = 32, /* control connections; the next one is told so and closed */
	MONITOR_STALL_MS = 2000,  /* a console client that takes nothing for so long is dropped */
	CONSOLE_CHUNK = 4096,     /* what one read of a pty master can give */
};

/* Console output is kept here when lxc.console.buffer.size asks for it. */
struct console_ring {
	uint8_t *bytes; /* a private mapping of `size` bytes, NULL: none */
	size_t size;
	size_t start;
	size_t used;
};

struct console_log {
	int fd;            /* -1: none */
	off_t limit_bytes; /* 0: unlimited */
	bool rotate;
	char path[PATH_MAX];
};

/* lxc-start -F: the executor's own terminal is one more client, without an escape. */
struct console_local {
	struct terminal terminal; /* no fd: not in the foreground, or stdin is no terminal */
	bool input_closed;
	bool stalled; /* output is thrown away until the terminal takes bytes again */
	size_t sent;
	int64_t stalled_since_ms;
};

struct console {
	int master; /* -1: lxc.console.path = none */
	int peer;   /* the slave, held open so that the master never hangs up between two openers in the guest; may be -1 */
	int64_t hung_until_ms; /* without the peer: when to look again at a master that reported a hang-up */
	struct console_ring ring;
	struct console_log log;
	struct console_local local;
	/* Output: one chunk is handed to every client before the next one is read, so no client needs a buffer of its own. */
	uint8_t chunk[CONSOLE_CHUNK];
	size_t chunk_length;
	/* Input of whichever client came first, until the guest has taken it. */
	uint8_t input[CONSOLE_CHUNK];
	size_t input_length;
	size_t input_sent;
};

struct monitor_tty {
	int master; /* -1: no such tty */
	int peer;
	int holder; /* index of the client that has it, or -1 */
};

struct monitor_client {
	int socket;               /* the control connection, -1: this place is free */
	int data;                 /* our end of its console stream, -1: none */
	bool closing;             /* close when the reply has been sent */
	size_t sent;              /* bytes of the present chunk that it has */
	int64_t stalled_since_ms; /* 0: not stalled */
	int queued_bytes;         /* in its socket when it was last looked at */
	size_t received;
	uint8_t request[CONTROL_MAX_REQUEST];
	size_t reply_length;
	size_t reply_sent;
	uint8_t reply[CONTROL_MAX_REPLY];
	int pass;      /* descriptor that travels with the first byte of the reply and is then closed, -1: none */
	uint8_t *body; /* a mapping sent after the reply (a copy of the ring), or NULL */
	size_t body_length;
	size_t body_sent;
};

struct monitor {
	pid_t init;
	int init_pidfd;
	int init_status; /* wait status once init_gone */
	bool init_gone;
	int signals;             /* signalfd */
	int listener;            /* control socket, -1: none */
	int64_t accept_after_ms; /* out of descriptors: no use in trying sooner */
	int directory;           /* run directory, for unlinking the socket */
	struct console console;
	struct monitor_tty ttys[MONITOR_MAX_TTYS + 1]; /* by number; 0 is not used */
	struct monitor_client clients[MONITOR_MAX_CLIENTS];
};

void monitor_init(struct monitor *monitor);

/* What the ops do. Each takes over the descriptor it is given. Sizes in bytes, 0: unlimited log, no ring. log may be NULL. */
int monitor_serve_console(struct monitor *monitor, int master, int64_t ring_bytes, int64_t log_bytes, bool rotate,
                          const char *log);
int monitor_serve_tty(struct monitor *monitor, int master, int number);
int monitor_serve_control(struct monitor *monitor, const char *directory);

/* lxc-start -F: make the caller's terminal (stdin) a client of the console. Does nothing when stdin is no terminal. */
int monitor_serve_foreground(struct monitor *monitor);

struct monitor_outcome {
	bool reboot; /* the guest asked for a reboot; else it is stopped */
	int status;  /* wait status of init */
};

/*
 * Serves until init is gone, then hands out what is left of the console. Blocks and reads all signals; forwards them to init as
 * LXC does. Never fails: from here on the monitor does not exit while init lives.
 */
struct monitor_outcome monitor_run(struct monitor *monitor, pid_t init, int init_pidfd);

/* Ends every client, restores the foreground terminal, closes everything. Safe to repeat. */
void monitor_close(struct monitor *monitor, bool reboot);

#endif
