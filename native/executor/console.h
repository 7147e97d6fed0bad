/* The console inside the monitor: what the guest writes goes to the ring, the log and every client; what clients write, to it. */
#ifndef TSLXC_CONSOLE_H
#define TSLXC_CONSOLE_H

#include "monitor.h"

/* The ring and the log (console_record.c). From exec on their errors are nobody's: the guest goes on. */
int record_open(struct console *console, int64_t ring_bytes, int64_t log_bytes, bool rotate, const char *log);
void record_output(struct console *console, const uint8_t *bytes, size_t length);
int record_rotate(struct console_log *log);
/* Copies the ring's bytes, oldest first; `to` has room for ring->used. */
void record_copy(const struct console_ring *ring, uint8_t *to);
void record_close(struct console *console);

/* Every client has the present chunk: the next one may be read. */
bool console_is_handed_out(const struct monitor *monitor);
/* Reads one chunk and begins to hand it out; false: nothing there. */
bool console_take_output(struct monitor *monitor, int64_t now_ms);
/* Writes what clients will take; drops the one that took nothing for MONITOR_STALL_MS. */
void console_hand_out(struct monitor *monitor, int64_t now_ms);

void console_take_client_input(struct monitor *monitor, struct monitor_client *client);
void console_take_local_input(struct monitor *monitor);
void console_give_input(struct console *console);

#endif
