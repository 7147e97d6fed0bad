/* Links, addresses and routes of the network namespace that this process is in. Typed: a plan never carries raw netlink. */
#ifndef TSLXC_NETLINK_H
#define TSLXC_NETLINK_H

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

enum { NETLINK_ROOM = 2048, NETLINK_TEXT = 160 };

/* One request. Begin it, add attributes, send it; an attribute that does not fit makes the sending fail. */
struct netlink_request {
	union {
		struct nlmsghdr head;
		char bytes[NETLINK_ROOM];
	};
	bool overflow;
	char said[NETLINK_TEXT]; /* what the kernel added to an error, or "" */
};

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body, uint32_t bytes);
void netlink_add(struct netlink_request *request, uint16_t type, const void *data, uint32_t bytes);
void netlink_add_text(struct netlink_request *request, uint16_t type, const char *text);
/* Attributes that hold attributes: netlink_nest gives the place that netlink_unnest closes. */
uint32_t netlink_nest(struct netlink_request *request, uint16_t type, const void *head, uint32_t bytes);
void netlink_unnest(struct netlink_request *request, uint32_t place);
/* Sends it and waits for the acknowledgement: 0 or -errno. */
int netlink_send(struct netlink_request *request);

#endif
