#include "control_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "console.h"

enum { STREAM_BUFFER_BYTES = 32768 };

size_t control_put_frame(uint8_t *to, size_t room, enum control_kind kind, int64_t value, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	struct control_frame frame = {
	    .version = CONTROL_VERSION,
	    .kind = (uint16_t)kind,
	    .length = (uint32_t)length,
	    .value = value,
	};

	if (room < sizeof(frame) + length)
		return 0;
	memcpy(to, &frame, sizeof(frame));
	if (length)
		memcpy(to + sizeof(frame), text, length);
	return sizeof(frame) + length;
}

static void reply(struct monitor_client *client, const struct control_frame *request, int64_t value, const char *text)
{
	client->reply_length =
	    control_put_frame(client->reply, sizeof(client->reply), (enum control_kind)request->kind, value, text);
}

void control_reply_error(struct monitor_client *client, int error, const char *text)
{
	client->reply_length = control_put_frame(client->reply, sizeof(client->reply), CONTROL_ERROR, error, text);
}

static void answer_state(const struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	const struct console *console = &monitor->console;
	char text[CONTROL_MAX_REPLY - sizeof(struct control_frame)];
	int ttys = 0;
	int held = 0;
	int watchers = 0;

	for (int number = 1; number <= MONITOR_MAX_TTYS; number++) {
		ttys += monitor->ttys[number].master >= 0;
		held += monitor->ttys[number].master >= 0 && monitor->ttys[number].holder >= 0;
	}
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++)
		watchers += monitor->clients[i].socket >= 0 && monitor->clients[i].data >= 0;
	snprintf(text, sizeof(text),
	         "pid %d\nmonitor %d\nttys %d\nttys_held %d\nconsole %d\nconsole_clients %d\nring_bytes %zu\n"
	         "ring_used %zu\nlog %d\n",
	         monitor->init, getpid(), ttys, held, console->master >= 0, watchers, console->ring.size, console->ring.used,
	         console->log.fd >= 0);
	reply(client, request, monitor->init, text);
}

static void answer_console(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	int bytes = STREAM_BUFFER_BYTES;
	int ends[2];

	if (monitor->console.master < 0)
		return control_reply_error(client, ENOENT, "the container has no console");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return control_reply_error(client, errno, "socketpair");
	/* Small, so that a client that stopped reading is noticed before much has been queued for it. */
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	client->data = ends[0];
	client->pass = ends[1];
	client->stalled_since_ms = 0;
	client->sent = monitor->console.chunk_length; /* begins with the next chunk: stale output is not replayed */
	reply(client, request, 0, NULL);
}

static int first_free_tty(const struct monitor *monitor, bool *any)
{
	for (int number = 1; number <= MONITOR_MAX_TTYS; number++) {
		if (monitor->ttys[number].master < 0)
			continue;
		*any = true;
		if (monitor->ttys[number].holder < 0)
			return number;
	}
	return -1;
}

static bool holds_anything(const struct monitor *monitor, const struct monitor_client *client)
{
	for (int number = 1; number <= MONITOR_MAX_TTYS; number++)
		if (monitor->ttys[number].holder == (int)(client - monitor->clients))
			return true;
	return client->data >= 0;
}

static void answer_tty(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	int64_t number = request->value;
	bool any = false;

	if (holds_anything(monitor, client))
		return control_reply_error(client, EALREADY, "one terminal for each connection");
	if (number == 0)
		return answer_console(monitor, client, request);
	if (number == -1) {
		number = first_free_tty(monitor, &any);
		if (number < 0)
			return control_reply_error(client, any ? EBUSY : ENOENT,
			                           any ? "all ttys are in use" : "the container has no ttys");
	}
	if (number < 1 || number > MONITOR_MAX_TTYS || monitor->ttys[number].master < 0)
		return control_reply_error(client, ENOENT, "no such tty");
	if (monitor->ttys[number].holder >= 0)
		return control_reply_error(client, EBUSY, "this tty is in use");
	client->pass = fcntl(monitor->ttys[number].master, F_DUPFD_CLOEXEC, 3);
	if (client->pass < 0)
		return control_reply_error(client, errno, "dup");
	monitor->ttys[number].holder = (int)(client - monitor->clients);
	reply(client, request, number, NULL);
}

static void answer_winsize(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request,
                           const uint8_t *body)
{
	struct winsize size = {0};
	uint16_t rows_columns[2];
	int master = -1;

	if (request->length != sizeof(rows_columns))
		return control_reply_error(client, EINVAL, "winsize takes rows and columns");
	memcpy(rows_columns, body, sizeof(rows_columns));
	size.ws_row = rows_columns[0];
	size.ws_col = rows_columns[1];
	if (request->value == 0)
		master = monitor->console.master;
	else if (request->value > 0 && request->value <= MONITOR_MAX_TTYS)
		master = monitor->ttys[request->value].master;
	if (master < 0)
		return control_reply_error(client, ENOENT, "no such tty");
	if (ioctl(master, TIOCSWINSZ, &size) < 0)
		return control_reply_error(client, errno, "TIOCSWINSZ");
	reply(client, request, request->value, NULL);
}

/* The ring goes on while its bytes are sent, so what is sent is a copy. */
static void answer_ring_read(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	const struct console_ring *ring = &monitor->console.ring;
	struct control_frame head = {.version = CONTROL_VERSION, .kind = CONTROL_RING_READ};
	void *copy;

	if (!ring->bytes)
		return control_reply_error(client, ENOENT, "the console keeps no buffer (lxc.console.buffer.size)");
	if (ring->used == 0)
		return reply(client, request, 0, NULL);
	copy = mmap(NULL, ring->used, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return control_reply_error(client, errno, "mmap");
	record_copy(ring, copy);
	client->body = copy;
	client->body_length = ring->used;
	client->body_sent = 0;
	head.length = (uint32_t)ring->used;
	memcpy(client->reply, &head, sizeof(head));
	client->reply_length = sizeof(head);
}

static void answer_ring_clear(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	if (!monitor->console.ring.bytes)
		return control_reply_error(client, ENOENT, "the console keeps no buffer (lxc.console.buffer.size)");
	monitor->console.ring.start = 0;
	monitor->console.ring.used = 0;
	reply(client, request, 0, NULL);
}

static void answer_log_rotate(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request)
{
	int error = record_rotate(&monitor->console.log);

	if (error)
		return control_reply_error(client, -error,
		                           error == -ENOENT ? "the console has no log (lxc.console.logfile)" : "rename");
	reply(client, request, 0, NULL);
}

void control_answer(struct monitor *monitor, struct monitor_client *client, const struct control_frame *request,
                    const uint8_t *body)
{
	switch (request->kind) {
	case CONTROL_STATE:
		return answer_state(monitor, client, request);
	case CONTROL_TTY:
		return answer_tty(monitor, client, request);
	case CONTROL_WINSIZE:
		return answer_winsize(monitor, client, request, body);
	case CONTROL_RING_READ:
		return answer_ring_read(monitor, client, request);
	case CONTROL_RING_CLEAR:
		return answer_ring_clear(monitor, client, request);
	case CONTROL_LOG_ROTATE:
		return answer_log_rotate(monitor, client, request);
	default:
		return control_reply_error(client, EOPNOTSUPP, "unknown request");
	}
}
