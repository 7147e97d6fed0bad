/*
 * The control socket: what only the monitor can do for other processes. src/runtime/monitor-client.ts and console_client.c
 * speak it. A stream of frames in both directions, each a fixed head and `length` bytes of body; one reply a request, in
 * order. It never accepts a plan.
 */
#ifndef TSLXC_CONTROL_H
#define TSLXC_CONTROL_H

#include <stdint.h>

#define CONTROL_SOCKET "control"

enum {
	CONTROL_VERSION = 1,
	CONTROL_MAX_BODY = 64, /* of a request */
	CONTROL_MAX_REQUEST = 16 + CONTROL_MAX_BODY,
	CONTROL_MAX_REPLY = 512, /* head and text; only the ring's bytes come after it */
};

enum control_kind {
	CONTROL_STATE = 1, /* -> value: init's pid; body: lines "key value" */
	CONTROL_TTY = 2,   /* value: -1 first free, 0 console, N; -> value: its number, with a descriptor: the tty's master, or a
				stream of the console. Held until the connection closes. EBUSY, ENOENT */
	CONTROL_WINSIZE = 3,    /* value: tty number or 0; body: rows, columns (u16 each) */
	CONTROL_RING_READ = 4,  /* -> body: the console's last bytes. ENOENT: no ring */
	CONTROL_RING_CLEAR = 5, /* ENOENT: no ring */
	CONTROL_LOG_ROTATE = 6, /* the log becomes log.1. ENOENT: no log */
	/* from the monitor, unasked, to those who hold a tty or the console */
	CONTROL_DROPPED = 0x100, /* body: why */
	CONTROL_ENDED = 0x101,   /* init is gone; value: 1 it reboots */
	/* in place of a reply */
	CONTROL_ERROR = 0x1ff, /* value: positive errno; body: text */
};

struct control_frame {
	uint16_t version; /* first, and checked first */
	uint16_t kind;
	uint32_t length; /* of the body */
	int64_t value;
};
_Static_assert(sizeof(struct control_frame) == 16, "wire format");

#endif
