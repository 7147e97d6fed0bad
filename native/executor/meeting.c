#include "meeting.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

int meeting_open(struct run *run, struct meeting_ends *ends)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->meeting) < 0)
		return fail(run, errno, "socketpair");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->passage) == 0)
		return 0;
	int error = errno;
	close_fd(&ends->meeting[0]);
	close_fd(&ends->meeting[1]);
	return fail(run, error, "socketpair");
}

void meeting_take(struct run *run, struct meeting_ends *ends, int side)
{
	run->meeting = take_fd(&ends->meeting[side]);
	run->passage = take_fd(&ends->passage[side]);
	close_fd(&ends->meeting[!side]);
	close_fd(&ends->passage[!side]);
}

void meeting_close(struct run *run)
{
	close_fd(&run->meeting);
	close_fd(&run->passage);
}

void meeting_tell(struct run *run, uint32_t kind, int index, int error, const char *text)
{
	struct meeting_message message = {.kind = kind, .index = index, .error = error};
	snprintf(message.text, sizeof message.text, "%s", text);
	size_t bytes = offsetof(struct meeting_message, text) + strlen(message.text) + 1;
	while (send(run->meeting, &message, bytes, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* One message; 1, or 0 at the end of file. */
static int receive(struct run *run, struct meeting_message *message)
{
	for (;;) {
		ssize_t got = recv(run->meeting, message, sizeof *message, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) /* ECONNRESET: it died with a message of ours unread */
			return 0;
		if ((size_t)got <= offsetof(struct meeting_message, text))
			continue;
		message->text[sizeof message->text - 1] = '\0';
		((char *)message)[got - 1] = '\0';
		return 1;
	}
}

/* Until the meeting has something to read; a signal that ends us, or the spawner's death, comes through here too. */
static int wait_readable(struct run *run)
{
	for (;;) {
		struct pollfd polled[] = {
		    {.fd = run->meeting, .events = POLLIN},
		    {.fd = run->signals, .events = POLLIN},
		    {.fd = run->spawner_pidfd, .events = POLLIN},
		};
		if (poll(polled, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail(run, errno, "poll");
		}
		if (polled[1].revents) {
			struct signalfd_siginfo info = {0};
			if (read(run->signals, &info, sizeof info) == (ssize_t)sizeof info)
				return fail(run, EINTR, "ended by %s", strsignal((int)info.ssi_signo));
		}
		if (polled[0].revents)
			return 0;
		if (polled[2].revents)
			return fail(run, ECHILD, "the spawner was killed");
	}
}

/* Passes warnings and hooks' lines on until something else comes: MEET_*, 0 for the end of file, or -errno of a failure. */
static int listen_to_child(struct run *run)
{
	struct meeting_message message;
	for (;;) {
		int error = wait_readable(run);
		if (error < 0)
			return error;
		if (!receive(run, &message))
			return 0;
		if (message.kind == STATUS_FAILED) {
			run->index = message.index;
			return fail(run, message.error ? message.error : EPROTO, "%s", message.text);
		}
		if (message.kind >= MEET_GO)
			return (int)message.kind;
		report(run, (enum status_kind)message.kind, message.index, message.error, 0, message.text);
	}
}

int meeting_wait_done(struct run *run)
{
	int heard = listen_to_child(run);
	if (heard < 0)
		return heard;
	run->index = -1;
	return heard == MEET_DONE ? 0 : fail(run, ECHILD, "the container's first process was killed while it was set up");
}

int meeting_wait_exec(struct run *run)
{
	int heard = listen_to_child(run);
	if (heard == MEET_EXEC)
		heard = listen_to_child(run); /* a failed execve says so; a successful one closes the socket */
	else if (heard >= 0)
		heard = fail(run, ECHILD, "the container's first process was killed while it was set up");
	return heard > 0 ? fail(run, EPROTO, "message %d after exec", heard) : heard;
}

int meeting_wait_go(struct run *run)
{
	struct meeting_message message;
	return receive(run, &message) && message.kind == MEET_GO ? 0 : -EPIPE;
}

bool meeting_is_alive(const struct run *run)
{
	struct pollfd polled = {.fd = run->meeting, .events = POLLIN};
	return poll(&polled, 1, 0) == 0 || !(polled.revents & (POLLHUP | POLLERR));
}

/* One byte with one descriptor, so that they can't be taken together or out of order. */
int meeting_send_fd(struct run *run, int fd)
{
	char byte = 0;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control.room,
	};
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	for (;;) {
		if (sendmsg(run->passage, &message, MSG_NOSIGNAL) == 1)
			return 0;
		if (errno != EINTR)
			return fail(run, errno, "sendmsg");
	}
}

int meeting_receive_fd(struct run *run)
{
	char byte = 0;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof control.room,
	};
	ssize_t got = 0;
	while ((got = recvmsg(run->passage, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (got < 0)
		return fail(run, errno, "recvmsg");
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (got == 0 || !head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return fail(run, EPIPE, "no descriptor came");
	int fd = -1;
	memcpy(&fd, CMSG_DATA(head), sizeof fd);
	return fd;
}
