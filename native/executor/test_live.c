/* The monitor of a launched plan, by clients of its control socket. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "control_client.h"

enum { WAIT_MS = 5000, SEEN_BYTES = 16384 };

#define SERVED(log_bytes, rotate)                                                                                                \
	"plan launch\nsegment host\n pty_open devpts=\"/dev/pts\" master=>{0} slave=>{5}\n"                                      \
	" pty_open devpts=\"/dev/pts\" master=>{3} slave=>{4}\n"                                                                 \
	" serve_console master={0} ring_bytes=4096 log_bytes=" log_bytes " rotate=" rotate " log=\"@/log\"\n"                    \
	" serve_tty master={3} number=1\n serve_control directory=\"@\"\n" SPAWN                                                 \
	"pid\nsegment child\n stdio descriptor={5} mask=0x7 controlling=yes\n parent_death signal=9\n"

/* One launched plan and one client of it. */
struct session {
	pid_t monitor;
	struct outcome outcome;
	int control;
	int stream;
	int number;
	char seen[SEEN_BYTES];
	size_t length;
};

static int connect_within(const char *run_dir)
{
	int control = -ENOENT;

	for (int n = 0; n < WAIT_MS / 10 && control < 0; n++) {
		control = control_connect(run_dir);
		if (control < 0)
			poll(NULL, 0, 10);
	}
	return control;
}

static bool begin(struct session *session, const struct context *context, const char *plan, int tty)
{
	char why[CONTROL_MAX_REPLY] = "";
	int error;

	memset(session, 0, sizeof(*session));
	session->stream = -1;
	session->monitor = test_begin(context, "launch", plan, &session->outcome);
	session->control = connect_within(context->directory);
	error = session->control < 0
	            ? session->control
	            : control_ask_tty(session->control, tty, &session->number, &session->stream, why, sizeof(why));
	test_check(error == 0, "no terminal: %s %s", strerror(-error), why);
	return error == 0;
}

/* Ends what is left, and waits for the monitor's own end. */
static void finish(struct session *session)
{
	close_fd(&session->stream);
	close_fd(&session->control);
	test_finish(session->monitor, &session->outcome);
	test_check(!session->outcome.failed, "failure: %s", session->outcome.text);
}

static bool see(struct session *session, const char *words)
{
	struct pollfd place = {.fd = session->stream, .events = POLLIN};

	while (!memmem(session->seen, session->length, words, strlen(words))) {
		ssize_t length;

		if (session->length == sizeof(session->seen))
			session->length = 0;
		if (poll(&place, 1, WAIT_MS) <= 0)
			break;
		length = read(session->stream, session->seen + session->length, sizeof(session->seen) - session->length);
		if (length < 0 && errno == EAGAIN)
			continue;
		if (length <= 0)
			break;
		session->length += (size_t)length;
	}
	if (memmem(session->seen, session->length, words, strlen(words)))
		return true;
	test_check(false, "never came: %s; seen: %.*s", words, (int)session->length, session->seen);
	return false;
}

static void say(const struct session *session, const char *text)
{
	test_check(write(session->stream, text, strlen(text)) == (ssize_t)strlen(text), "write: %s", strerror(errno));
}

static void console_carries(struct context *context)
{
	struct session session;

	if (begin(&session, context, SERVED("0", "no") SH("while read x; do echo got:$x; [ $x = end ] && exit 0; done"), 0)) {
		test_check(session.number == 0, "tty %d", session.number);
		say(&session, "hello\n");
		see(&session, "got:hello\r\n");
		say(&session, "end\n");
		see(&session, "got:end\r\n");
	}
	finish(&session);
	test_check(test_has_text(test_path(context, "@/log"), "got:hello\r\n"), "the log lacks it");
	test_check(!test_exists(test_path(context, "@/control")), "the socket is left");
}

static void tty_is_held(struct context *context)
{
	struct session session;
	char why[CONTROL_MAX_REPLY];
	int number;
	int stream;

	if (begin(&session, context, SERVED("0", "no") SH("read x"), -1)) {
		AUTO_CLOSE int other = control_connect(context->directory);
		int error = control_ask_tty(other, 1, &number, &stream, why, sizeof(why));

		test_check(session.number == 1, "tty %d", session.number);
		test_check(error == -EBUSY, "a held tty was given away (%d)", error);
		error = control_ask_tty(other, 2, &number, &stream, why, sizeof(why));
		test_check(error == -ENOENT, "tty 2 is there (%d)", error);
		close_fd(&session.control);
		for (int n = 0; n < WAIT_MS / 10; n++) {
			error = control_ask_tty(other, 1, &number, &stream, why, sizeof(why));
			if (error != -EBUSY)
				break;
			poll(NULL, 0, 10);
		}
		test_check(error == 0, "the tty was not released: %s", why);
		close_fd(&stream);
		close_fd(&other);
		/* A new client, for the console: its init waits for a line there. */
		other = control_connect(context->directory);
		close_fd(&session.stream);
		error = control_ask_tty(other, 0, &number, &session.stream, why, sizeof(why));
		test_check(error == 0, "console: %s", why);
		say(&session, "go\n");
		finish(&session);
		return;
	}
	finish(&session);
}

static void log_rotates(struct context *context)
{
	static const char plan[] = SERVED("4096", "yes") SH("read x; i=0; while [ $i -lt 300 ]; do echo line $i of many; "
	                                                    "i=$((i+1)); done; read x");
	struct session session;

	if (begin(&session, context, plan, 0)) {
		say(&session, "go\n");
		see(&session, "line 299 of many");
		say(&session, "end\n");
	}
	finish(&session);
	test_check(test_has_text(test_path(context, "@/log.1"), "line 10 of many"), "log.1 lacks the older half");
	test_check(test_has_text(test_path(context, "@/log"), "line 299 of many"), "the log lacks the newer half");
}

static void tail_arrives(struct context *context)
{
	struct session session;

	if (begin(&session, context, SERVED("0", "no") SH("read x; i=0; while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done"),
	          0)) {
		say(&session, "go\n");
		see(&session, "\r\n499\r\n");
	}
	finish(&session);
}

static void stuck_client_is_dropped(struct context *context)
{
	static const char plan[] =
	    SERVED("0", "no") SH("read x; i=0; while [ $i -lt 20000 ]; do echo $i of 20000 lines of output; "
	                         "i=$((i+1)); done; echo written >&2");
	struct session session;
	struct control_reader reader = {.received = 0};
	struct control_notice notice = {.value = 0};

	if (begin(&session, context, plan, 0)) {
		struct pollfd place = {.fd = session.control, .events = POLLIN};

		say(&session, "go\n");
		while (notice.kind == 0 && poll(&place, 1, WAIT_MS) > 0)
			if (!control_read_notice(session.control, &reader, &notice))
				break;
		test_check(notice.kind == CONTROL_DROPPED, "it was not dropped (%d)", notice.kind);
	}
	finish(&session);
	test_check(test_has_text(test_path(context, "@/log"), "0 of 20000"), "the log has nothing");
}

void tests_of_live(void)
{
	test_one("the console carries both ways", console_carries);
	test_one("a tty has one holder", tty_is_held);
	test_one("the console's log rotates at its limit", log_rotates);
	test_one("the last words of a guest arrive", tail_arrives);
	test_one("a client that takes nothing is dropped", stuck_client_is_dropped);
}
