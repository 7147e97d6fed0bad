/* A client's end of the control socket, for the console mode. Blocking; nothing here prints. */
#ifndef TSLXC_CONTROL_CLIENT_H
#define TSLXC_CONTROL_CLIENT_H

#include "control.h"

#include <stdbool.h>
#include <stddef.h>

/* Frames as they arrive, unasked ones among them. */
struct control_reader {
	uint8_t bytes[CONTROL_MAX_REPLY];
	size_t received;
};

struct control_notice {
	enum control_kind kind; /* CONTROL_DROPPED or CONTROL_ENDED; 0: neither has come */
	int64_t value;
	char text[CONTROL_MAX_REPLY];
};

/* Connects to the control socket in a run directory. -errno: ENOENT or ECONNREFUSED when nothing runs there. */
int control_connect(const char *run_dir);

/* Asks for a tty (-1 first free, 0 console). Returns 0 with its number and descriptor, or -errno with the monitor's words. */
int control_ask_tty(int socket, int wanted, int *number, int *descriptor, char *why, size_t why_size);

/* Asks for a window size; the reply comes to control_read_notice, which leaves it out. */
void control_send_winsize(int socket, int number, unsigned rows, unsigned columns);

/* Reads what is there; false: the connection is closed. */
bool control_read_notice(int socket, struct control_reader *reader, struct control_notice *notice);

#endif
