/* What each request on the control socket does, and how replies are put together. */
#ifndef TSLXC_CONTROL_REQUEST_H
#define TSLXC_CONTROL_REQUEST_H

#include "monitor.h"

/* Writes a frame with `text` as its body; returns its length, 0 when there is no room. */
size_t control_put_frame(uint8_t *to, size_t room, enum control_kind kind, int64_t value, const char *text);

/* Puts one reply to a whole, length-checked request into client->reply. */
void control_answer(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request,
                    const uint8_t *body);

void control_reply_error(struct monitor_client *client, int error, const char *text);

#endif
