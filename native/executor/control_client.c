#include "control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "cleanup.h"

enum { ANSWER_S = 10 };

int control_connect(const char *run_dir)
{
	AUTO_CLOSE int dir = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ANSWER_S};

	if (dir < 0 || client < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dir);
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&client);
}

/* The first part of a reply, with the descriptor that came with it. */
static int receive_first(int socket, void *to, size_t room, int *descriptor)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {to, room};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head;

	if (length < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(descriptor, CMSG_DATA(head), sizeof(int));
	return (int)length;
}

static int receive_rest(int socket, uint8_t *to, size_t from, size_t until)
{
	while (from < until) {
		ssize_t length = recv(socket, to + from, until - from, 0);

		if (length < 0)
			return -errno;
		if (length == 0)
			return -ECONNRESET;
		from += (size_t)length;
	}
	return 0;
}

/* Reads exactly one frame, so that what follows it stays in the socket. */
static int receive_reply(int socket, struct control_frame *frame, uint8_t *body, size_t room, int *descriptor)
{
	int length = receive_first(socket, frame, sizeof(*frame), descriptor);
	int error;

	if (length <= 0)
		return length < 0 ? length : -ECONNRESET;
	error = receive_rest(socket, (uint8_t *)frame, (size_t)length, sizeof(*frame));
	if (error)
		return error;
	if (frame->version != CONTROL_VERSION || frame->length > room)
		return -EPROTO;
	return receive_rest(socket, body, 0, frame->length);
}

int control_ask_tty(int socket, int wanted, int *number, int *descriptor, char *why, size_t why_size)
{
	struct control_frame request = {.version = CONTROL_VERSION, .kind = CONTROL_TTY, .value = wanted};
	struct control_frame reply;
	AUTO_CLOSE int received = -1;
	uint8_t body[CONTROL_MAX_REPLY];
	int error;

	why[0] = 0;
	/* EPIPE: it has refused us already, and its words wait to be read. */
	if (send(socket, &request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request) && errno != EPIPE)
		return -errno;
	error = receive_reply(socket, &reply, body, sizeof(body), &received);
	if (error)
		return error;
	if (reply.kind == CONTROL_ERROR) {
		snprintf(why, why_size, "%.*s", (int)reply.length, (const char *)body);
		return reply.value > 0 && reply.value < 4096 ? -(int)reply.value : -EPROTO;
	}
	if (reply.kind != CONTROL_TTY || received < 0)
		return -EPROTO;
	*number = (int)reply.value;
	*descriptor = take_fd(&received);
	return 0;
}

void control_send_winsize(int socket, int number, unsigned rows, unsigned columns)
{
	struct {
		struct control_frame frame;
		uint16_t rows_columns[2];
	} request = {
	    .frame = {.version = CONTROL_VERSION,
	              .kind = CONTROL_WINSIZE,
	              .length = sizeof(request.rows_columns),
	              .value = number},
	    .rows_columns = {(uint16_t)rows, (uint16_t)columns},
	};

	/* The padding at the structure's end is no part of the frame. */
	(void)!send(socket, &request, sizeof(request.frame) + sizeof(request.rows_columns), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_frames(struct control_reader *reader, struct control_notice *notice)
{
	struct control_frame frame;

	while (reader->received >= sizeof(frame)) {
		size_t whole;

		memcpy(&frame, reader->bytes, sizeof(frame));
		whole = sizeof(frame) + frame.length;
		if (whole > sizeof(reader->bytes) || reader->received < whole)
			return;
		if (frame.kind == CONTROL_DROPPED || frame.kind == CONTROL_ENDED) {
			notice->kind = frame.kind;
			notice->value = frame.value;
			memcpy(notice->text, reader->bytes + sizeof(frame), frame.length);
			notice->text[frame.length] = 0;
		}
		reader->received -= whole;
		memmove(reader->bytes, reader->bytes + whole, reader->received);
	}
}

bool control_read_notice(int socket, struct control_reader *reader, struct control_notice *notice)
{
	ssize_t length = recv(socket, reader->bytes + reader->received, sizeof(reader->bytes) - reader->received, MSG_DONTWAIT);

	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (length == 0) /* also when a frame is longer than any can be: there is no room left to read into */
		return false;
	reader->received += (size_t)length;
	take_frames(reader, notice);
	return true;
}
