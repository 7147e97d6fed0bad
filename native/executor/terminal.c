#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_open(struct terminal *terminal, int fd)
{
	char path[32];

	*terminal = NO_TERMINAL;
	if (!isatty(fd))
		return -ENOTTY;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	terminal->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (terminal->fd >= 0)
		return 0;
	terminal->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (terminal->fd < 0)
		return -errno;
	terminal->shared_flags = fcntl(terminal->fd, F_GETFL);
	fcntl(terminal->fd, F_SETFL, terminal->shared_flags | O_NONBLOCK);
	return 0;
}

static int set_attributes(int fd, const struct termios *attributes)
{
	int result;

	do
		result = tcsetattr(fd, TCSANOW, attributes);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

/* In a background process group this stops us (SIGTTOU) until the shell brings us to the foreground, as it should. */
int terminal_raw(struct terminal *terminal)
{
	struct termios raw;

	if (terminal->fd < 0)
		return 0;
	if (!terminal->raw && tcgetattr(terminal->fd, &terminal->saved) < 0)
		return -errno;
	raw = terminal->saved;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	terminal->raw = true;
	return set_attributes(terminal->fd, &raw);
}

/* While SIGTTOU is blocked the kernel lets a background process group through: what we made raw must not stay so. */
void terminal_restore(struct terminal *terminal)
{
	int saved = errno;
	sigset_t ttou;
	sigset_t before;

	if (!terminal->raw)
		return;
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &before);
	set_attributes(terminal->fd, &terminal->saved);
	sigprocmask(SIG_SETMASK, &before, NULL);
	terminal->raw = false;
	errno = saved;
}

void terminal_close(struct terminal *terminal)
{
	int saved = errno;

	if (terminal->fd < 0)
		return;
	terminal_restore(terminal);
	if (terminal->shared_flags >= 0)
		fcntl(terminal->fd, F_SETFL, terminal->shared_flags);
	close(terminal->fd);
	*terminal = NO_TERMINAL;
	errno = saved;
}

void terminal_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		ioctl(to, TIOCSWINSZ, &size);
}

void terminal_die_of(int signal_number)
{
	sigset_t set;

	signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + signal_number);
}

void terminal_stop(struct terminal *terminal)
{
	bool was_raw = terminal->raw;

	terminal_restore(terminal);
	raise(SIGSTOP);
	if (was_raw)
		terminal_raw(terminal);
}
