/* Ptys. Serving them is tested with the monitor; here, that they reach who serves them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define DEVPTS                                                                                                                   \
	" fs_mount type=\"devpts\" options=[\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"] attributes=nosuid path=\"@/pts\""   \
	" make=directory optional=no\n"
/* Somebody has to hold the master, or the terminal hangs up. */
#define PTY                                                                                                                      \
	" pty_open devpts=\"@/pts\" master=>{2} slave=>{3}\n fd_send descriptor={2}\nsegment parent\n fd_receive "               \
	"descriptor=>{4}\n" CHILD

static const struct plan_case cases[] = {
    {"pty_open, stdio: a controlling terminal of its own",
     "plan run\n" MNT DEVPTS PTY " stdio descriptor={3} mask=0x1 controlling=yes\n" SH(
	 "stat -c %t:%T -L /proc/self/fd/0; cat /proc/$$/stat | cut -d' ' -f6,7"),
     0, "88:0\n", NULL},
    {"stdio: a session of its own",
     "plan run\n" MNT DEVPTS PTY " stdio descriptor={3} mask=0x1 controlling=yes\n" SH(
	 "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && test $(cut -d' ' -f7 /proc/$$/stat) = 34816 && echo leads"),
     0, "leads\n", NULL},
    {"a payload without a pty leads a session without a terminal",
     "plan run\n" SPAWN "uts\n" CHILD SH("cut -d' ' -f6,7 /proc/$$/stat | sed s/^$$/own/"), 0, "own 0\n", NULL},
    {"pty_open: not in what is no devpts", "plan run\n" MNT " pty_open devpts=\"/tmp\" master=>{2} slave=>{3}\n" SH(""), 1, NULL,
     "/tmp is not a devpts"},
    {"pty_attach: the slave as a file of the guest's",
     "plan run\n" MNT DEVPTS " fs_mount type=\"tmpfs\" options=[] path=\"@/mnt\" make=no attributes=none optional=no\n"
     " pty_open devpts=\"@/pts\" master=>{2} slave=>{3}\n pty_attach slave={3} path=\"@/mnt/console\"\n" SH(
	 "stat -c '%F %t:%T' @/mnt/console"),
     0, "character special file 88:0\n", NULL},
    {"stdio: the host's null device",
     "plan run\n" SPAWN "uts\n" CHILD
     " stdio mask=0x5 controlling=no\n" SH("stat -c %t:%T -L /proc/self/fd/0 /proc/self/fd/2; echo lost >&2; cat"),
     0, "1:3\n1:3\n", NULL},
    /* That it carries bytes is tested on terminals (test/system/pump.test.ts). */
    {"pump: to what is no terminal",
     RUN " pty_open master=>{2} slave=>{3}\n pump master={2} mask=0x2\n" SPAWN "uts\n" CHILD
         " stdio descriptor={3} mask=0x2 controlling=yes\n" SH("sleep 100"),
     1, NULL, "carry bytes"},
};

/* What a command in a container pushes into its terminal (TIOCSTI) does not come out of the caller's (CVE-2016-10124). */
static void nothing_is_pushed(struct context *context)
{
	struct outcome outcome;
	int waiting = 0;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return test_skip("no pty of the host's");
	int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	context->terminal = terminal;
	pid_t pid =
	    test_begin(context, "run",
	               RUN " pty_open master=>{2} slave=>{3}\n pump master={2} mask=0x1\n" SPAWN "uts\n" CHILD
	                   " stdio descriptor={3} mask=0x1 controlling=yes\n exec argv=[\"/proc/self/exe\",\"push\"] env=[]\n",
	               &outcome);
	test_finish(pid, &outcome);
	test_check(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0, "it could not even try: %x %s",
	           (unsigned int)outcome.status, outcome.text);
	ioctl(terminal, FIONREAD, &waiting);
	test_check(waiting == 0, "the caller's terminal has %d bytes to read", waiting);
	close(terminal);
	close(master);
}

void tests_of_terminals(void)
{
	TEST_CASES(cases);
	test_one("own_pty: nothing is pushed into the caller's terminal", nothing_is_pushed);
}
