#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "byte_queue.h"
#include "cleanup.h"
#include "clock.h"
#include "terminal.h"

enum {
	OUTPUT_BYTES = 16384,
	INPUT_BYTES = 4096,
	HUNG_RETRY_MS = 50,
	DRAIN_BYTES = 65536, /* more than a pty holds: what comes after it was written after the child's end */
};

enum { PLACE_CHILD, PLACE_SIGNALS, PLACE_IN, PLACE_OUT, PLACE_MASTER, PLACES };

struct flow {
	const struct pump *pump;
	pid_t child;
	int child_pidfd;
	int *status;
	int signals;
	int log;
	struct terminal in;  /* the caller's stdin when it is a terminal: raw, and read */
	struct terminal out; /* where the pty's output goes */
	bool exited;
	bool in_ended;
	bool drained;
	size_t drained_bytes;
	int64_t hung_until_ms;
	struct byte_queue output;
	struct byte_queue input;
};

void pump_copy_size(const struct pump *pump)
{
	for (int fd = 0; pump->master >= 0 && fd < 3; fd++) {
		if (!(pump->mask & (1u << fd)))
			continue;
		terminal_copy_size(fd, pump->master);
		return;
	}
}

/*
 * As lxc-attach: Ctrl+c is for the command, which has the terminal; not for the one that waits for it. Only where our stdin is
 * no terminal, no byte of ours carries it, and the signal does.
 */
static int open_signals(const struct pump *pump)
{
	static const int taken[] = {SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};
	bool pass_on = pump->master < 0 || !(pump->mask & 1);
	sigset_t set;

	signal(SIGINT, pass_on ? SIG_DFL : SIG_IGN);
	signal(SIGQUIT, pass_on ? SIG_DFL : SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&set, taken[i]);
	if (pass_on) {
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGQUIT);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * The pty turns the character into the signal, for whoever is in its foreground. Without a pty: for the command and what it left in
 * its process group; it leads its own session, so the terminal does not reach it. Not waited for yet, so the number is its own.
 */
static void type_signal(const struct flow *flow, int number)
{
	struct termios inner;
	cc_t character;

	if (flow->pump->master < 0) {
		kill(-flow->child, number);
		return;
	}
	if (tcgetattr(flow->pump->master, &inner) < 0)
		return;
	character = inner.c_cc[number == SIGINT ? VINTR : VQUIT];
	(void)!write(flow->pump->master, &character, 1);
}

static void take_signal(struct flow *flow)
{
	struct signalfd_siginfo info;

	if (read(flow->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return pump_copy_size(flow->pump);
	case SIGINT:
	case SIGQUIT:
		return type_signal(flow, (int)info.ssi_signo);
	case SIGCONT:
		terminal_raw(&flow->in);
		return;
	case SIGTSTP:
		return terminal_stop(&flow->in);
	default:
		/* Nobody will wait for the command any more, and a pipe as its stdin would not tell it so. */
		syscall(SYS_pidfd_send_signal, flow->child_pidfd, (int)info.ssi_signo, NULL, 0);
		terminal_close(&flow->in);
		terminal_close(&flow->out);
		terminal_die_of((int)info.ssi_signo);
	}
}

static void take_exit(struct flow *flow)
{
	pid_t pid;

	do
		pid = waitpid(flow->child, flow->status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid != 0)
		flow->exited = true;
}

static void copy_to_log(struct flow *flow, size_t before)
{
	const struct byte_queue *output = &flow->output;

	for (size_t i = before; flow->log >= 0 && i < output->length;) {
		size_t at = (output->start + i) % output->size;
		size_t piece = output->length - i < output->size - at ? output->length - i : output->size - at;
		ssize_t written = write(flow->log, output->bytes + at, piece);

		if (written <= 0)
			return;
		i += (size_t)written;
	}
}

static void read_master(struct flow *flow)
{
	size_t before = flow->output.length;
	ssize_t length = queue_read(&flow->output, flow->pump->master);

	if (length > 0) {
		copy_to_log(flow, before);
		flow->drained_bytes += flow->exited ? (size_t)length : 0;
		flow->drained = flow->drained_bytes >= DRAIN_BYTES;
	} else if (length == 0 || errno != EINTR) {
		flow->drained = flow->exited;
		/* EIO: no process has the pty open just now; one may open it again through /dev/tty. */
		if (length == 0 || errno != EAGAIN)
			flow->hung_until_ms = monotonic_ms() + HUNG_RETRY_MS;
	}
}

static void read_in(struct flow *flow)
{
	ssize_t length = queue_read(&flow->input, flow->in.fd);

	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
		flow->in_ended = true;
}

/* A terminal that is gone takes nothing, but the command goes on as it would without one. */
static void write_out(struct flow *flow)
{
	if (queue_write(&flow->output, flow->out.fd, OUTPUT_BYTES) < 0 && errno != EAGAIN && errno != EINTR)
		flow->output.length = 0;
}

static void write_master(struct flow *flow)
{
	if (queue_write(&flow->input, flow->pump->master, INPUT_BYTES) < 0 && errno != EAGAIN && errno != EINTR)
		flow->input.length = 0;
}

static void want(struct pollfd *place, int fd, int events)
{
	*place = (struct pollfd){.fd = events ? fd : -1, .events = (short)events};
}

static int gather(const struct flow *flow, struct pollfd *places)
{
	bool hung = !flow->exited && flow->hung_until_ms > monotonic_ms();
	bool room = flow->output.length < flow->output.size;
	int master = (room && !hung && !flow->drained ? POLLIN : 0) | (flow->input.length > 0 && !flow->exited ? POLLOUT : 0);

	want(&places[PLACE_CHILD], flow->child_pidfd, flow->exited ? 0 : POLLIN);
	want(&places[PLACE_SIGNALS], flow->signals, POLLIN);
	want(&places[PLACE_IN], flow->in.fd, flow->in_ended || flow->exited || flow->input.length > 0 ? 0 : POLLIN);
	want(&places[PLACE_OUT], flow->out.fd, flow->output.length > 0 ? POLLOUT : 0);
	want(&places[PLACE_MASTER], flow->pump->master, master);
	if (flow->exited && room && !flow->drained)
		return 0; /* an empty pty reports nothing: ask it */
	return hung ? HUNG_RETRY_MS : -1;
}

static bool is_over(const struct flow *flow)
{
	return flow->exited && (flow->pump->master < 0 || (flow->drained && flow->output.length == 0));
}

static void carry(struct flow *flow)
{
	struct pollfd places[PLACES];

	while (!is_over(flow)) {
		if (poll(places, PLACES, gather(flow, places)) < 0)
			continue;
		if (places[PLACE_SIGNALS].revents)
			take_signal(flow);
		if (places[PLACE_OUT].revents)
			write_out(flow);
		if (places[PLACE_MASTER].revents & POLLOUT)
			write_master(flow);
		if (places[PLACE_IN].revents)
			read_in(flow);
		/* Before the exit is noticed: what is read after it is the tail. */
		if (flow->output.length < flow->output.size && !flow->drained && flow->pump->master >= 0 &&
		    (places[PLACE_MASTER].revents & ~POLLOUT || flow->exited))
			read_master(flow);
		if (places[PLACE_CHILD].revents)
			take_exit(flow);
	}
}

static int open_flow(struct flow *flow)
{
	const struct pump *pump = flow->pump;
	int out = pump->mask & 2 ? 1 : pump->mask & 4 ? 2 : 0;
	int error;

	if (pump->master < 0)
		return 0;
	if (fcntl(pump->master, F_SETFL, fcntl(pump->master, F_GETFL) | O_NONBLOCK) < 0)
		return -errno;
	if (pump->log) {
		flow->log = open(pump->log, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
		if (flow->log < 0)
			return -errno;
	}
	error = terminal_open(&flow->out, out);
	if (!error && pump->mask & 1)
		error = terminal_open(&flow->in, STDIN_FILENO);
	if (error)
		return error;
	pump_copy_size(pump);
	return terminal_raw(&flow->in);
}

int pump_run(const struct pump *pump, pid_t child, int child_pidfd, int *status)
{
	uint8_t output[OUTPUT_BYTES];
	uint8_t input[INPUT_BYTES];
	struct flow flow = {.pump = pump, .child = child, .child_pidfd = child_pidfd, .status = status, .log = -1};
	int error;

	flow.in = NO_TERMINAL;
	flow.out = NO_TERMINAL;
	flow.output = (struct byte_queue){.bytes = output, .size = sizeof(output)};
	flow.input = (struct byte_queue){.bytes = input, .size = sizeof(input)};
	flow.signals = open_signals(pump);
	if (flow.signals < 0)
		return -errno;
	error = open_flow(&flow);
	if (!error)
		carry(&flow);
	terminal_close(&flow.in);
	terminal_close(&flow.out);
	close_fd(&flow.log);
	close_fd(&flow.signals);
	return error;
}
