#include "netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static void append(struct netlink_request *request, const void *data, uint32_t bytes)
{
	uint32_t used = NLMSG_ALIGN(request->head.nlmsg_len);
	if (request->overflow || bytes > NETLINK_ROOM || used > NETLINK_ROOM - NLMSG_ALIGN(bytes)) {
		request->overflow = true;
		return;
	}
	if (data)
		memcpy(request->bytes + used, data, bytes);
	request->head.nlmsg_len = used + bytes;
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body, uint32_t bytes)
{
	memset(request, 0, sizeof *request);
	request->head.nlmsg_len = NLMSG_LENGTH(0);
	request->head.nlmsg_type = type;
	request->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	request->head.nlmsg_seq = 1;
	append(request, body, bytes);
}

void netlink_add(struct netlink_request *request, uint16_t type, const void *data, uint32_t bytes)
{
	struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(bytes), .rta_type = type};
	append(request, &attribute, sizeof attribute);
	append(request, data, bytes);
}

void netlink_add_text(struct netlink_request *request, uint16_t type, const char *text)
{
	netlink_add(request, type, text, (uint32_t)strlen(text) + 1);
}

uint32_t netlink_nest(struct netlink_request *request, uint16_t type, const void *head, uint32_t bytes)
{
	uint32_t place = NLMSG_ALIGN(request->head.nlmsg_len);
	netlink_add(request, type, head, bytes);
	return place;
}

void netlink_unnest(struct netlink_request *request, uint32_t place)
{
	struct rtattr *attribute = (void *)(request->bytes + place);
	if (!request->overflow)
		attribute->rta_len = (unsigned short)(request->head.nlmsg_len - place);
}

/* The sentence of the kernel's extended acknowledgement, if it is in there. */
static void read_said(struct netlink_request *request, const char *reply, size_t bytes)
{
	const struct nlmsgerr *error = (const void *)(reply + NLMSG_HDRLEN);
	size_t at = NLMSG_HDRLEN + sizeof *error;
	const struct nlmsghdr *head = (const void *)reply;
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		at += error->msg.nlmsg_len - sizeof(struct nlmsghdr);
	while (at + sizeof(struct rtattr) <= bytes) {
		const struct rtattr *attribute = (const void *)(reply + at);
		if (attribute->rta_len < sizeof *attribute || attribute->rta_len > bytes - at)
			return;
		if (attribute->rta_type == NLMSGERR_ATTR_MSG) {
			int length = (int)(attribute->rta_len - sizeof *attribute);
			snprintf(request->said, sizeof request->said, "%.*s", length, reply + at + sizeof *attribute);
			return;
		}
		at += RTA_ALIGN(attribute->rta_len);
	}
}

int netlink_send(struct netlink_request *request)
{
	const int on = 1;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} reply;
	if (request->overflow)
		return -EMSGSIZE;
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	if (sendto(fd, request->bytes, request->head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return -errno;
	for (;;) {
		ssize_t got = recv(fd, &reply, sizeof reply, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got < (ssize_t)(NLMSG_HDRLEN + sizeof(struct nlmsgerr)) || reply.head.nlmsg_type != NLMSG_ERROR)
			return -EPROTO;
		int error = ((const struct nlmsgerr *)NLMSG_DATA(&reply.head))->error;
		if (error < 0)
			read_said(request, reply.bytes, (size_t)got);
		return error;
	}
}
