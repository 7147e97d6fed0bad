#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "clock.h"
#include "console.h"
#include "control_server.h"

/*
 * poll(2) and not epoll: what is waited for follows from the present state (who is behind, whose input is pending) and is
 * worked out anew each time, so that no registration can be stale. Each descriptor has a fixed place.
 */
enum {
	PLACE_INIT,
	PLACE_SIGNALS,
	PLACE_LISTENER,
	PLACE_MASTER,
	PLACE_LOCAL,
	PLACE_CLIENTS, /* two for each client: its control connection and its console stream */
	PLACES = PLACE_CLIENTS + 2 * MONITOR_MAX_CLIENTS,

	LOOK_AGAIN_MS = 200,
	DRAIN_BYTES = 65536, /* more than a pty can hold: what comes after it was written after init's end */
	STACK_SPARED_BYTES = 16384,
	STACK_RELEASED_BYTES = 512 << 10,
};

void monitor_init(struct monitor *monitor)
{
	memset(monitor, 0, sizeof(*monitor));
	monitor->init_pidfd = -1;
	monitor->signals = -1;
	monitor->listener = -1;
	monitor->directory = -1;
	monitor->console.master = -1;
	monitor->console.peer = -1;
	monitor->console.log.fd = -1;
	monitor->console.local.terminal = NO_TERMINAL;
	for (size_t i = 0; i <= MONITOR_MAX_TTYS; i++)
		monitor->ttys[i] = (struct monitor_tty){.master = -1, .peer = -1, .holder = -1};
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++) {
		monitor->clients[i].socket = -1;
		monitor->clients[i].data = -1;
		monitor->clients[i].pass = -1;
	}
}

/*
 * Opens the other end of a pty by its master alone, and keeps it: without, the master hangs up whenever no process of the
 * guest has the tty open. A plain user may not (EACCES): the console then looks again by the clock.
 */
static int own_peer(int master)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int take_master(int *to, int *peer, int master)
{
	int flags = fcntl(master, F_GETFL);

	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	*to = master;
	*peer = own_peer(master);
	return 0;
}

int monitor_serve_console(struct monitor *monitor, int master, int64_t ring_bytes, int64_t log_bytes, bool rotate,
                          const char *log)
{
	int error = take_master(&monitor->console.master, &monitor->console.peer, master);

	return error ? error : record_open(&monitor->console, ring_bytes, log_bytes, rotate, log);
}

int monitor_serve_tty(struct monitor *monitor, int master, int number)
{
	if (number < 1 || number > MONITOR_MAX_TTYS)
		return -ERANGE;
	return take_master(&monitor->ttys[number].master, &monitor->ttys[number].peer, master);
}

int monitor_serve_control(struct monitor *monitor, const char *directory)
{
	return control_listen(monitor, directory);
}

int monitor_serve_foreground(struct monitor *monitor)
{
	struct terminal *terminal = &monitor->console.local.terminal;
	int error;

	if (monitor->console.master < 0)
		return 0;
	error = terminal_open(terminal, STDIN_FILENO);
	if (error)
		return error == -ENOTTY ? 0 : error;
	terminal_copy_size(terminal->fd, monitor->console.master);
	return terminal_raw(terminal);
}

/* Launching used far more stack than serving does: give those pages back. */
static void release_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = (here - STACK_SPARED_BYTES) & ~(uintptr_t)4095;

	madvise((void *)(end - STACK_RELEASED_BYTES), STACK_RELEASED_BYTES, MADV_DONTNEED);
}

static int open_signals(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&set, faults[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Takes the children that ended; init among them ends the service. */
static void reap(struct monitor *monitor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != monitor->init)
			continue;
		monitor->init_gone = true;
		monitor->init_status = status;
	}
	if (pid < 0 && errno == ECHILD)
		monitor->init_gone = true;
}

/* As LXC: init gets what its monitor is sent, and SIGTERM when the terminal hangs up. */
static void take_signal(struct monitor *monitor)
{
	struct signalfd_siginfo info;
	const struct console *console = &monitor->console;

	while (read(monitor->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int number = (int)info.ssi_signo;

		switch (number) {
		case SIGCHLD:
			reap(monitor);
			break;
		case SIGWINCH:
			if (console->local.terminal.fd >= 0)
				terminal_copy_size(console->local.terminal.fd, console->master);
			break;
		case SIGTTIN:
		case SIGTTOU:
			break;
		default:
			syscall(SYS_pidfd_send_signal, monitor->init_pidfd, number == SIGHUP ? SIGTERM : number, NULL, 0);
		}
	}
}

static void want(struct pollfd *place, int fd, int events)
{
	/* A place with nothing to wait for is left out: a hang-up is reported unasked, over and over. */
	*place = (struct pollfd){.fd = events ? fd : -1, .events = (short)events};
}

static int gather(const struct monitor *monitor, struct pollfd *places, int64_t now_ms)
{
	const struct console *console = &monitor->console;
	bool handed_out = console_is_handed_out(monitor);
	bool input_pending = console->input_length > 0;
	int timeout_ms = handed_out ? -1 : LOOK_AGAIN_MS;

	want(&places[PLACE_INIT], monitor->init_pidfd, POLLIN);
	want(&places[PLACE_SIGNALS], monitor->signals, POLLIN);
	want(&places[PLACE_LISTENER], monitor->listener, monitor->accept_after_ms > now_ms ? 0 : POLLIN);
	want(&places[PLACE_MASTER], console->master,
	     console->hung_until_ms > now_ms ? 0 : (handed_out ? POLLIN : 0) | (input_pending ? POLLOUT : 0));
	want(&places[PLACE_LOCAL], console->local.terminal.fd,
	     (input_pending || console->local.input_closed ? 0 : POLLIN) |
	         (!console->local.stalled && console->local.sent < console->chunk_length ? POLLOUT : 0));
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++) {
		const struct monitor_client *client = &monitor->clients[i];
		struct pollfd *place = &places[PLACE_CLIENTS + 2 * i];

		want(place, client->socket, control_has_reply(client) ? POLLOUT : POLLIN);
		want(place + 1, client->socket < 0 ? -1 : client->data,
		     (input_pending ? 0 : POLLIN) | (client->sent < console->chunk_length ? POLLOUT : 0));
	}
	if (console->hung_until_ms > now_ms || monitor->accept_after_ms > now_ms)
		timeout_ms = LOOK_AGAIN_MS;
	return timeout_ms;
}

static void serve_clients(struct monitor *monitor, const struct pollfd *places)
{
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++) {
		struct monitor_client *client = &monitor->clients[i];
		const struct pollfd *place = &places[PLACE_CLIENTS + 2 * i];

		/* Its console stream first: bytes that it sent before it closed are still for the guest. */
		if (place[1].revents & ~POLLOUT && client->data >= 0 && monitor->console.input_length == 0)
			console_take_client_input(monitor, client);
		if (!place[0].revents || client->socket < 0)
			continue;
		if (control_has_reply(client))
			control_send(monitor, client);
		else
			control_receive(monitor, client);
	}
}

static void serve(struct monitor *monitor)
{
	struct console *console = &monitor->console;
	struct pollfd places[PLACES];
	int64_t now_ms = monotonic_ms();
	int timeout_ms = gather(monitor, places, now_ms);

	if (poll(places, PLACES, timeout_ms) < 0)
		return;
	now_ms = monotonic_ms();
	if (places[PLACE_SIGNALS].revents)
		take_signal(monitor);
	if (places[PLACE_INIT].revents)
		reap(monitor);
	if (places[PLACE_LOCAL].revents & ~POLLOUT && console->input_length == 0)
		console_take_local_input(monitor);
	serve_clients(monitor, places);
	if (places[PLACE_MASTER].revents & POLLOUT)
		console_give_input(console);
	if (!console_is_handed_out(monitor))
		console_hand_out(monitor, now_ms);
	else if (places[PLACE_MASTER].revents & ~POLLOUT)
		console_take_output(monitor, now_ms);
	if (places[PLACE_LISTENER].revents)
		control_accept(monitor, now_ms);
}

/* Init is gone: hands out what the console still holds. A client that takes nothing is dropped, so this ends. */
static void drain(struct monitor *monitor)
{
	size_t drained = 0;

	for (;;) {
		int64_t now_ms = monotonic_ms();

		if (!console_is_handed_out(monitor)) {
			struct pollfd places[PLACES];

			gather(monitor, places, now_ms);
			for (size_t i = 0; i < PLACES; i++) {
				bool stream = i == PLACE_LOCAL || (i > PLACE_CLIENTS && (i - PLACE_CLIENTS) % 2 == 1);

				want(&places[i], places[i].fd, stream ? places[i].events & POLLOUT : 0);
			}
			poll(places, PLACES, LOOK_AGAIN_MS);
			console_hand_out(monitor, monotonic_ms());
			continue;
		}
		if (drained >= DRAIN_BYTES || !console_take_output(monitor, now_ms))
			return;
		drained += monitor->console.chunk_length;
	}
}

struct monitor_outcome monitor_run(struct monitor *monitor, pid_t init, int init_pidfd)
{
	struct monitor_outcome outcome = {0};

	monitor->init = init;
	monitor->init_pidfd = init_pidfd;
	monitor->signals = open_signals();
	release_stack();
	reap(monitor);
	while (!monitor->init_gone)
		serve(monitor);
	drain(monitor);
	outcome.status = monitor->init_status;
	/* reboot(2) in a pid namespace: the kernel ends its init with SIGHUP for a restart, SIGINT for halt and power-off. */
	outcome.reboot = WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGHUP;
	return outcome;
}

void monitor_close(struct monitor *monitor, bool reboot)
{
	for (size_t i = 0; i < MONITOR_MAX_CLIENTS; i++) {
		struct monitor_client *client = &monitor->clients[i];

		if (client->socket < 0)
			continue;
		control_notify(client, CONTROL_ENDED, reboot, NULL);
		control_send(monitor, client);
		control_close_client(monitor, client);
	}
	for (size_t i = 1; i <= MONITOR_MAX_TTYS; i++) {
		close_fd(&monitor->ttys[i].master);
		close_fd(&monitor->ttys[i].peer);
	}
	terminal_close(&monitor->console.local.terminal);
	close_fd(&monitor->console.master);
	close_fd(&monitor->console.peer);
	record_close(&monitor->console);
	close_fd(&monitor->signals);
	close_fd(&monitor->listener);
	if (monitor->directory >= 0)
		unlinkat(monitor->directory, CONTROL_SOCKET, 0);
	close_fd(&monitor->directory);
}
