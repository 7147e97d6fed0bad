/* The monitor's end of the control socket. Nothing here blocks, and no client can make the monitor end or wait. */
#ifndef TSLXC_CONTROL_SERVER_H
#define TSLXC_CONTROL_SERVER_H

#include "monitor.h"

/* Binds `control` (0600) in the directory and listens. 0 or -errno. */
int control_listen(struct monitor *monitor, const char *directory);

void control_accept(struct monitor *monitor, int64_t now_ms);
/* Reads what is there and answers each whole request. */
void control_receive(struct monitor *monitor, struct monitor_client *client);
/* Sends what is left of a reply. */
void control_send(struct monitor *monitor, struct monitor_client *client);
bool control_has_reply(const struct monitor_client *client);

/* Queues an unasked frame; lost when the client does not even read its replies. */
void control_notify(struct monitor_client *client, enum control_kind kind, int64_t value, const char *text);

void control_close_client(struct monitor *monitor, struct monitor_client *client);

#endif
