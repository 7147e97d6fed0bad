#include "console.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/sockios.h>

#include "cleanup.h"
#include "control_server.h"

/* The kernel tells how much a slow client has taken only in whole pieces: small ones make small progress visible. */
enum { PIECE_BYTES = 1024, HUNG_RETRY_MS = 100 };

static bool client_is_behind(const struct monitor *monitor, const struct monitor_client *client)
{
	return client->socket >= 0 && client->data >= 0 && client->sent < monitor->console.chunk_length;
}

static bool local_is_behind(const struct console *console)
{
	const struct console_local *local = &console->local;

	return local->terminal.fd >= 0 && !local->stalled && local->sent < console->chunk_length;
}

bool console_is_handed_out(const struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++)
		if (client_is_behind(monitor, &monitor->clients[i]))
			return false;
	return !local_is_behind(&monitor->console);
}

bool console_take_output(struct monitor *monitor, int64_t now_ms)
{
	struct console *console = &monitor->console;
	ssize_t length;

	if (console->master < 0)
		return false;
	length = read(console->master, console->chunk, sizeof(console->chunk));
	if (length <= 0) {
		/* EIO: nobody in the guest has it open. It can be opened again, so this is no end. */
		if (length == 0 || (errno != EAGAIN && errno != EINTR))
			console->hung_until_ms = now_ms + HUNG_RETRY_MS;
		return false;
	}
	console->hung_until_ms = 0;
	console->chunk_length = (size_t)length;
	console->local.sent = 0;
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++)
		monitor->clients[i].sent = 0;
	record_output(console, console->chunk, console->chunk_length);
	console_hand_out(monitor, now_ms);
	return true;
}

/* How many bytes lie unread in a client's stream. */
static int queued_bytes(int socket)
{
	int queued = 0;

	return ioctl(socket, SIOCOUTQ, &queued) < 0 ? 0 : queued;
}

static void hand_to_client(struct monitor *monitor, struct monitor_client *client, int64_t now_ms)
{
	const struct console *console = &monitor->console;
	bool progress = false;
	int queued;

	while (client->sent < console->chunk_length) {
		size_t piece = console->chunk_length - client->sent;
		ssize_t sent = send(client->data, console->chunk + client->sent, piece < PIECE_BYTES ? piece : PIECE_BYTES,
		                    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN) {
			close_fd(&client->data);
			return;
		}
		if (sent <= 0)
			break;
		client->sent += (size_t)sent;
		progress = true;
	}
	if (client->sent == console->chunk_length) {
		client->stalled_since_ms = 0;
		return;
	}
	queued = queued_bytes(client->data);
	if (progress || client->stalled_since_ms == 0 || queued < client->queued_bytes)
		client->stalled_since_ms = now_ms;
	client->queued_bytes = queued;
	if (now_ms - client->stalled_since_ms < MONITOR_STALL_MS)
		return;
	close_fd(&client->data);
	control_notify(client, CONTROL_DROPPED, 0, "dropped: it took no output for 2 s");
}

/* The foreground terminal cannot come back, so it is not dropped: it misses output while it takes none, and is told. */
static void hand_to_local(struct console *console, int64_t now_ms)
{
	static const char missed[] = "\r\n[tslxc: output lost: this terminal took none for 2 s]\r\n";
	struct console_local *local = &console->local;
	ssize_t written;

	if (local->stalled) {
		if (write(local->terminal.fd, missed, sizeof(missed) - 1) > 0)
			local->stalled = false;
		local->sent = console->chunk_length;
		return;
	}
	while (local->sent < console->chunk_length) {
		written = write(local->terminal.fd, console->chunk + local->sent, console->chunk_length - local->sent);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		local->sent += (size_t)written;
		local->stalled_since_ms = 0;
	}
	if (local->sent == console->chunk_length)
		return;
	if (local->stalled_since_ms == 0)
		local->stalled_since_ms = now_ms;
	if (now_ms - local->stalled_since_ms >= MONITOR_STALL_MS)
		local->stalled = true;
}

void console_hand_out(struct monitor *monitor, int64_t now_ms)
{
	struct console *console = &monitor->console;

	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++)
		if (client_is_behind(monitor, &monitor->clients[i]))
			hand_to_client(monitor, &monitor->clients[i], now_ms);
	if (console->local.terminal.fd >= 0 && console->local.sent < console->chunk_length)
		hand_to_local(console, now_ms);
}

void console_give_input(struct console *console)
{
	while (console->input_sent < console->input_length) {
		ssize_t written =
		    write(console->master, console->input + console->input_sent, console->input_length - console->input_sent);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno != EAGAIN)
			break; /* no guest process to take it: input to nobody is thrown away */
		if (written <= 0)
			return;
		console->input_sent += (size_t)written;
	}
	console->input_length = 0;
	console->input_sent = 0;
}

void console_take_client_input(struct monitor *monitor, struct monitor_client *client)
{
	struct console *console = &monitor->console;
	ssize_t length = recv(client->data, console->input, sizeof(console->input), MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		close_fd(&client->data);
		return;
	}
	console->input_length = (size_t)length;
	console->input_sent = 0;
	console_give_input(console);
}

void console_take_local_input(struct monitor *monitor)
{
	struct console *console = &monitor->console;
	ssize_t length = read(console->local.terminal.fd, console->input, sizeof(console->input));

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		console->local.input_closed = true;
		return;
	}
	console->input_length = (size_t)length;
	console->input_sent = 0;
	console_give_input(console);
}
