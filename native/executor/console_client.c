#include "console_client.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "byte_queue.h"
#include "cleanup.h"
#include "clock.h"
#include "control_client.h"
#include "terminal.h"

enum {
	/* What the guest may be ahead of a slow reader: a reader that pauses is dropped only once this is full as well. */
	OUTPUT_BYTES = 1 << 20,
	INPUT_BYTES = 4096,
	WRITE_BYTES = 4096, /* PIPE_BUF: a pipe that is writable takes so much without blocking */
	FLUSH_MS = 1000,    /* for what was typed before Ctrl+a q */
	FAREWELL_MS = 2000, /* for the monitor to take the last input */
	HUNG_RETRY_MS = 100,
};

enum { PLACE_IN, PLACE_OUT, PLACE_STREAM, PLACE_CONTROL, PLACE_SIGNALS, PLACES };

struct session {
	int control;
	int stream; /* the console's byte stream, or the tty's master */
	int number; /* 0: console */
	int in;
	int out;
	int signals;
	uint8_t escape; /* 0: none */
	bool prefix_seen;
	bool detached;    /* prefix q */
	bool in_ended;    /* stdin is at its end */
	bool said_end;    /* and the monitor knows */
	bool ended;       /* the container or its monitor is */
	bool stream_done; /* nothing more to read from it */
	int64_t farewell_ms;
	int64_t hung_until_ms;
	struct terminal terminal;
	struct terminal screen; /* stdout, when it is a terminal: never blocks us */
	struct byte_queue output;
	struct byte_queue input;
	struct control_reader reader;
	struct control_notice notice;
};

/* Prefix q leaves, prefix prefix is one prefix, prefix and any other byte is that byte alone (lxc-console). */
static void take_typed(struct session *session, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && !session->detached; i++) {
		bool prefixed = session->prefix_seen;

		session->prefix_seen = false;
		if (prefixed && bytes[i] == 'q')
			session->detached = true;
		else if (!prefixed && session->escape && bytes[i] == session->escape)
			session->prefix_seen = true;
		else
			session->input.bytes[session->input.length++] = bytes[i];
	}
}

static void read_in(struct session *session)
{
	uint8_t typed[INPUT_BYTES];
	ssize_t length = read(session->in, typed, sizeof(typed));

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		session->in_ended = true;
		return;
	}
	session->input.start = 0; /* it is empty: only then is stdin read */
	take_typed(session, typed, (size_t)length);
}

static void write_out(struct session *session)
{
	ssize_t written = queue_write(&session->output, session->out, WRITE_BYTES);

	if (written >= 0 || errno == EAGAIN || errno == EINTR)
		return;
	terminal_close(&session->terminal);
	terminal_close(&session->screen);
	terminal_die_of(errno == EPIPE ? SIGPIPE : SIGHUP);
}

static void read_stream(struct session *session)
{
	ssize_t length = queue_read(&session->output, session->stream);

	if (length > 0 || (length < 0 && errno == EINTR))
		return;
	if (length < 0 && errno == EAGAIN) {
		session->stream_done = session->ended;
	} else if (session->number == 0 || session->ended) {
		session->stream_done = true;
	} else {
		session->hung_until_ms = monotonic_ms() + HUNG_RETRY_MS; /* EIO: no guest process has the tty open at present */
	}
}

static void write_stream(struct session *session)
{
	ssize_t written = queue_write(&session->input, session->stream, INPUT_BYTES);

	if (written < 0 && errno != EAGAIN && errno != EINTR)
		session->input.length = 0;
}

static void send_size(struct session *session)
{
	struct winsize size;

	if (session->terminal.fd < 0)
		return;
	if (session->number > 0)
		terminal_copy_size(session->terminal.fd, session->stream);
	else if (ioctl(session->terminal.fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		control_send_winsize(session->control, 0, size.ws_row, size.ws_col);
}

static void take_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH)
		return send_size(session);
	if (info.ssi_signo == SIGCONT)
		return (void)terminal_raw(&session->terminal);
	if (info.ssi_signo == SIGTSTP)
		return terminal_stop(&session->terminal);
	terminal_close(&session->terminal);
	terminal_close(&session->screen);
	terminal_die_of((int)info.ssi_signo);
}

static int open_signals(void)
{
	static const int taken[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH, SIGALRM, SIGUSR1, SIGUSR2};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void want(struct pollfd *place, int fd, int events)
{
	*place = (struct pollfd){.fd = events ? fd : -1, .events = (short)events};
}

static int gather(const struct session *session, struct pollfd *places)
{
	bool hung = session->hung_until_ms > monotonic_ms();
	bool read_more = !session->stream_done && !hung && session->output.length < session->output.size;

	want(&places[PLACE_IN], session->in, session->in_ended || session->input.length > 0 ? 0 : POLLIN);
	want(&places[PLACE_OUT], session->out, session->output.length > 0 ? POLLOUT : 0);
	want(&places[PLACE_STREAM], session->stream,
	     (read_more ? POLLIN : 0) | (session->input.length > 0 && !session->stream_done ? POLLOUT : 0));
	want(&places[PLACE_CONTROL], session->control, session->ended ? 0 : POLLIN);
	want(&places[PLACE_SIGNALS], session->signals, POLLIN);
	if (hung || session->said_end || session->ended)
		return HUNG_RETRY_MS;
	return -1;
}

/* stdin is at its end and all of it is written: the monitor closes the stream when it has taken everything. */
static void say_end(struct session *session)
{
	if (session->said_end || !session->in_ended || session->input.length > 0)
		return;
	session->said_end = true;
	session->farewell_ms = monotonic_ms() + FAREWELL_MS;
	if (session->number > 0)
		session->stream_done = true;
	else
		shutdown(session->stream, SHUT_WR);
}

static bool is_over(const struct session *session)
{
	if (session->detached)
		return true;
	if (session->said_end && monotonic_ms() >= session->farewell_ms)
		return true;
	return session->stream_done && session->output.length == 0;
}

static void talk(struct session *session)
{
	struct pollfd places[PLACES];

	while (!is_over(session)) {
		if (poll(places, PLACES, gather(session, places)) < 0)
			continue;
		if (places[PLACE_SIGNALS].revents)
			take_signal(session);
		if (places[PLACE_CONTROL].revents && !control_read_notice(session->control, &session->reader, &session->notice))
			session->ended = true;
		if (session->notice.kind == CONTROL_ENDED)
			session->ended = true;
		if (places[PLACE_STREAM].revents & POLLOUT)
			write_stream(session);
		if (session->output.length < session->output.size &&
		    (places[PLACE_STREAM].revents & ~POLLOUT || (session->ended && !session->stream_done)))
			read_stream(session);
		if (places[PLACE_OUT].revents)
			write_out(session);
		if (places[PLACE_IN].revents)
			read_in(session);
		say_end(session);
	}
}

/* What was typed before the escape still belongs to the guest; one that takes no input must not hold us. */
static void flush_input(struct session *session)
{
	int64_t until_ms = monotonic_ms() + FLUSH_MS;

	while (session->input.length > 0 && !session->stream_done && monotonic_ms() < until_ms) {
		struct pollfd place = {.fd = session->stream, .events = POLLOUT};

		if (poll(&place, 1, HUNG_RETRY_MS) > 0)
			write_stream(session);
	}
}

static int complain(const char *cause)
{
	fprintf(stderr, "tslxc-console: %s\n", cause);
	return EXIT_FAILURE;
}

/* The end of the stream comes before the monitor's last words. */
static int farewell(struct session *session)
{
	struct pollfd place = {.fd = session->control, .events = POLLIN};

	if (session->detached || session->said_end)
		return EXIT_SUCCESS;
	while (session->notice.kind == 0 && poll(&place, 1, FAREWELL_MS) > 0)
		if (!control_read_notice(session->control, &session->reader, &session->notice))
			break;
	if (session->notice.kind == CONTROL_ENDED)
		return EXIT_SUCCESS;
	if (session->notice.kind == CONTROL_DROPPED)
		return complain(session->notice.text);
	return complain("the container's monitor is gone");
}

static int open_terminals(struct session *session)
{
	AUTO_CLOSE int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};

	/* lxc-console refuses what epoll refuses: a file or /dev/null would be at its end at once. */
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
		return -errno;
	session->in = STDIN_FILENO;
	session->out = STDOUT_FILENO;
	if (terminal_open(&session->terminal, STDIN_FILENO) == 0)
		session->in = session->terminal.fd;
	if (terminal_open(&session->screen, STDOUT_FILENO) == 0)
		session->out = session->screen.fd;
	return 0;
}

static void print_banner(const struct session *session)
{
	int letter = 'a' + session->escape - 1;

	fprintf(stderr, "\nConnected to tty %d\n", session->number);
	if (session->escape)
		fprintf(stderr, "Type <Ctrl+%c q> to exit the console, <Ctrl+%c Ctrl+%c> to enter Ctrl+%c itself\n", letter,
		        letter, letter, letter);
}

static int run_session(struct session *session, const char *run_dir, int wanted)
{
	char why[CONTROL_MAX_REPLY];
	int error = open_terminals(session);

	if (error)
		return complain("standard input cannot be waited for: use a terminal or a pipe");
	session->control = control_connect(run_dir);
	if (session->control < 0)
		return complain(session->control == -ENOENT || session->control == -ECONNREFUSED ? "the container is not running"
		                                                                                 : strerror(-session->control));
	error = control_ask_tty(session->control, wanted, &session->number, &session->stream, why, sizeof(why));
	if (error)
		return complain(why[0] ? why : strerror(-error));
	fcntl(session->stream, F_SETFL, fcntl(session->stream, F_GETFL) | O_NONBLOCK);
	print_banner(session);
	session->signals = open_signals();
	terminal_raw(&session->terminal);
	send_size(session);
	talk(session);
	flush_input(session);
	terminal_close(&session->terminal);
	terminal_close(&session->screen);
	/* The caller's prompt belongs on a line of its own; on stderr like the banner: stdout has the guest's bytes alone. */
	if (session->detached && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return farewell(session);
}

int console_main(int argc, char **argv)
{
	static const struct option options[] = {{"control", required_argument, NULL, 'c'},
	                                        {"tty", required_argument, NULL, 't'},
	                                        {"escape", required_argument, NULL, 'e'},
	                                        {0}};
	struct session session = {.control = -1, .stream = -1, .signals = -1, .escape = 1};
	uint8_t input[INPUT_BYTES];
	const char *run_dir = NULL;
	int wanted = -1;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			run_dir = optarg;
		else if (option == 't')
			wanted = atoi(optarg);
		else if (option == 'e')
			session.escape = (uint8_t)atoi(optarg);
		else
			return EXIT_FAILURE;
	}
	if (!run_dir)
		return complain("--control is missing");
	session.terminal = NO_TERMINAL;
	session.screen = NO_TERMINAL;
	session.input = (struct byte_queue){.bytes = input, .size = sizeof(input)};
	session.output = (struct byte_queue){.size = OUTPUT_BYTES};
	session.output.bytes = mmap(NULL, OUTPUT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (session.output.bytes == MAP_FAILED)
		return complain(strerror(errno));
	return run_session(&session, run_dir, wanted);
}
