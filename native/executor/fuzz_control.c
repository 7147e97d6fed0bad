/* libFuzzer: any bytes in any pieces on a control connection. It must neither crash, nor block, nor keep a descriptor. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "console.h"
#include "control_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_master(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		abort();
	return master;
}

static void open_monitor(struct monitor *monitor)
{
	static const uint8_t output[] = "what the guest wrote before the client came, longer than the ring is";

	monitor_init(monitor);
	if (monitor_serve_console(monitor, open_master(), 64, 0, false, NULL) < 0)
		abort();
	for (int number = 1; number <= 2; number++)
		if (monitor_serve_tty(monitor, open_master(), number) < 0)
			abort();
	record_output(&monitor->console, output, sizeof(output) - 1);
}

static struct monitor_client *open_client(struct monitor *monitor, int *peer)
{
	struct monitor_client *client = &monitor->clients[0];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	client->socket = ends[0];
	*peer = ends[1];
	return client;
}

/* Replies must be whole frames of our version, whatever was asked. */
static void check_reply(int peer)
{
	uint8_t reply[CONTROL_MAX_REPLY + 4096];
	ssize_t length = recv(peer, reply, sizeof(reply), MSG_DONTWAIT);
	struct control_frame frame;

	for (ssize_t at = 0; at < length;) {
		assert(length - at >= (ssize_t)sizeof(frame));
		memcpy(&frame, reply + at, sizeof(frame));
		assert(frame.version == CONTROL_VERSION);
		at += (ssize_t)(sizeof(frame) + frame.length);
		assert(at <= length);
	}
}

static int lowest_free(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct monitor monitor;
	int before = lowest_free();
	int peer;
	struct monitor_client *client;

	open_monitor(&monitor);
	client = open_client(&monitor, &peer);
	while (size > 0 && client->socket >= 0) {
		size_t piece = 1 + data[0] % 40u;

		piece = piece < size ? piece : size;
		if (send(peer, data, piece, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += piece;
		size -= piece;
		control_receive(&monitor, client);
		if (client->socket >= 0 && control_has_reply(client))
			control_send(&monitor, client);
		check_reply(peer);
	}
	close_fd(&peer);
	monitor_close(&monitor, false);
	assert(lowest_free() == before);
	return 0;
}
