#include "control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cleanup.h"
#include "control_request.h"

enum { ACCEPT_PAUSE_MS = 200 };

int control_listen(struct monitor *monitor, const char *directory)
{
	AUTO_CLOSE int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int result;

	if (dir < 0 || listener < 0)
		return -errno;
	if (unlinkat(dir, CONTROL_SOCKET, 0) < 0 && errno != ENOENT)
		return -errno;
	/* sun_path has 108 bytes, a run directory may be longer: the descriptor is its short name. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dir);
	mask = umask(0177);
	result = bind(listener, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (result < 0 || listen(listener, MONITOR_MAX_CLIENTS) < 0)
		return -errno;
	monitor->listener = take_fd(&listener);
	monitor->directory = take_fd(&dir);
	return 0;
}

static bool is_trusted(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void refuse(int socket, int error, const char *text)
{
	uint8_t frame[CONTROL_MAX_REPLY];
	size_t length = control_put_frame(frame, sizeof(frame), CONTROL_ERROR, error, text);

	(void)!send(socket, frame, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void client_open(struct monitor_client *client, int socket)
{
	client->socket = socket;
	client->data = -1;
	client->pass = -1;
	client->closing = false;
	client->received = 0;
	client->reply_length = 0;
	client->reply_sent = 0;
	client->body = NULL;
	client->stalled_since_ms = 0;
}

void control_accept(struct monitor *monitor, int64_t now_ms)
{
	AUTO_CLOSE int socket = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (socket < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			monitor->accept_after_ms = now_ms + ACCEPT_PAUSE_MS;
		return;
	}
	if (!is_trusted(socket)) {
		refuse(socket, EPERM, "only root and the container's owner may control it");
		return;
	}
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++) {
		if (monitor->clients[i].socket >= 0)
			continue;
		client_open(&monitor->clients[i], take_fd(&socket));
		return;
	}
	refuse(socket, EUSERS, "too many clients of this container's monitor");
}

bool control_has_reply(const struct monitor_client *client)
{
	return client->reply_length > 0 || client->body;
}

/* Takes the next bytes of the request it is in the middle of; false: none there, or the client is gone. */
static bool receive_bytes(struct monitor *monitor, struct monitor_client *client, size_t wanted)
{
	ssize_t length = recv(client->socket, client->request + client->received, wanted - client->received, MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length <= 0) {
		control_close_client(monitor, client);
		return false;
	}
	client->received += (size_t)length;
	return true;
}

void control_receive(struct monitor *monitor, struct monitor_client *client)
{
	struct control_frame frame;

	while (client->socket >= 0 && !control_has_reply(client)) {
		size_t wanted = sizeof(frame);

		if (client->received >= sizeof(frame)) {
			memcpy(&frame, client->request, sizeof(frame));
			wanted += frame.length; /* checked when the head was complete */
		}
		if (client->received < wanted && !receive_bytes(monitor, client, wanted))
			return;
		if (client->received < sizeof(frame))
			continue;
		memcpy(&frame, client->request, sizeof(frame));
		if (frame.version != CONTROL_VERSION || frame.length > CONTROL_MAX_BODY) {
			client->closing = true; /* where the next frame begins is not known */
			client->received = 0;
			control_reply_error(client, EPROTO,
			                    frame.version != CONTROL_VERSION ? "this monitor speaks version 1"
			                                                     : "request too long");
		} else if (client->received == sizeof(frame) + frame.length) {
			client->received = 0;
			control_answer(monitor, client, &frame, client->request + sizeof(frame));
		} else {
			continue;
		}
		control_send(monitor, client);
	}
}

/* One sendmsg of the reply's rest; its first byte carries the descriptor. */
static ssize_t send_reply(struct monitor_client *client)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {client->reply + client->reply_sent, client->reply_length - client->reply_sent};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (client->pass >= 0) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &client->pass, sizeof(int));
	}
	return sendmsg(client->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void control_send(struct monitor *monitor, struct monitor_client *client)
{
	while (control_has_reply(client)) {
		bool in_reply = client->reply_sent < client->reply_length;
		ssize_t sent = in_reply ? send_reply(client)
		                        : send(client->socket, client->body + client->body_sent,
		                               client->body_length - client->body_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0) {
			control_close_client(monitor, client);
			return;
		}
		close_fd(&client->pass);
		if (in_reply)
			client->reply_sent += (size_t)sent;
		else
			client->body_sent += (size_t)sent;
		if (client->body && client->body_sent == client->body_length) {
			munmap(client->body, client->body_length);
			client->body = NULL;
		}
		if (!client->body && client->reply_sent == client->reply_length) {
			client->reply_length = 0;
			client->reply_sent = 0;
		}
	}
	if (client->closing)
		control_close_client(monitor, client);
}

void control_notify(struct monitor_client *client, enum control_kind kind, int64_t value, const char *text)
{
	size_t room = sizeof(client->reply) - client->reply_length;

	/* After a body there is no place to put it. */
	if (!client->body)
		client->reply_length += control_put_frame(client->reply + client->reply_length, room, kind, value, text);
}

void control_close_client(struct monitor *monitor, struct monitor_client *client)
{
	int index = (int)(client - monitor->clients);

	for (int number = 1; number <= MONITOR_MAX_TTYS; number++)
		if (monitor->ttys[number].holder == index)
			monitor->ttys[number].holder = -1;
	if (client->body)
		munmap(client->body, client->body_length);
	client->body = NULL;
	client->reply_length = 0;
	client->reply_sent = 0;
	client->closing = false;
	close_fd(&client->pass);
	close_fd(&client->data);
	close_fd(&client->socket);
}
