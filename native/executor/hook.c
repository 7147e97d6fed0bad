#include "hook.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "ops.h"
#include "resolve.h"
#include "start.h"
#include "syscalls.h"

static _Noreturn void be_hook(struct run *run, const struct hook *hook, int output);
static void pass_lines(struct run *run, int output, int pidfd);
static int judge(struct run *run, const struct hook *hook, int status);

int hook_run(struct run *run, const struct hook *hook)
{
	int ends[2];
	int pidfd = -1;
	int status = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(run, errno, "pipe2");
	AUTO_CLOSE int output = ends[0];
	AUTO_CLOSE int write_end = ends[1];
	struct clone_request request = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	pid_t pid = sys_clone3(&request);
	if (pid == 0)
		be_hook(run, hook, write_end);
	if (pid < 0)
		return fail(run, errno, "clone3 for the hook");
	close_fd(&write_end);
	setpgid(pid, pid); /* here and in the hook: whoever comes first */
	pass_lines(run, output, pidfd);
	close_fd(&pidfd);
	if (run->failure.error)
		kill(-pid, SIGKILL); /* what a shell of the hook's started, too */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return run->failure.error ? -run->failure.error : judge(run, hook, status);
}

int op_hook(struct run *run, const struct hook_op *o)
{
	if (o->root == EMPTY_FD)
		return fail(run, EBADF, "hook beneath a tree that could not be opened");
	struct hook hook = {
	    .name = o->where ? o->where : "hook",
	    .argv = o->argv,
	    .env = o->env,
	    .input = o->stdin_file,
	    .root = o->root,
	};
	return hook_run(run, &hook);
}

static int judge(struct run *run, const struct hook *hook, int status)
{
	const char *program = hook->argv.bytes ? hook->argv.data : "";
	/* sh -c 'exec …': the command line is what the user wrote. */
	const char *last = program;
	for (const char *text = NULL; (text = list_next(&hook->argv, text));)
		last = text;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return fail(run, EREMOTEIO, "%s hook %.200s exited with status %d", hook->name, last, WEXITSTATUS(status));
	return fail(run, EREMOTEIO, "%s hook %.200s was killed by signal %d", hook->name, last, WTERMSIG(status));
}

static _Noreturn void be_hook(struct run *run, const struct hook *hook, int output)
{
	struct text_vector argv;
	struct text_vector env;
	int input = run->null_device;
	setpgid(0, 0);
	if (format_list(run, &hook->argv, &argv) < 0 || format_list(run, &hook->env, &env) < 0 || !argv.items[0])
		goto failed;
	if (hook->input) {
		input = resolve_source(run, hook->root, hook->input, O_RDONLY | O_NOCTTY);
		if (input < 0)
			goto failed;
	}
	if (hook->root >= 0 && (fchdir(hook->root) < 0 || chroot(".") < 0 || chdir("/") < 0)) {
		fail(run, errno, "chroot");
		goto failed;
	}
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		goto failed;
	close_descriptors(3, CLOSE_RANGE_CLOEXEC);
	umask(run->umask);
	signals_reset();
	fail(run, execute(argv.items, env.items), "execve %.200s", argv.items[0]);
failed:
	dprintf(output, "%s: %s\n", run->failure.text, strerror(run->failure.error));
	_exit(127);
}

/* Whole lines, as they come; a longer one is cut into pieces. */
static void pass_text(struct run *run, char *text, size_t *used, bool all)
{
	size_t begin = 0;
	for (size_t n = 0; n < *used; n++) {
		if (text[n] != '\n')
			continue;
		text[n] = '\0';
		report(run, STATUS_HOOK, run->index, 0, 0, text + begin);
		begin = n + 1;
	}
	if (*used > begin && (all || begin == 0)) {
		text[*used] = '\0';
		report(run, STATUS_HOOK, run->index, 0, 0, text + begin);
		begin = *used;
	}
	memmove(text, text + begin, *used - begin);
	*used -= begin;
}

/* Until the hook has ended: what it leaves running in the background may hold the pipe open for ever. */
static void pass_lines(struct run *run, int output, int pidfd)
{
	char text[FAILURE_TEXT];
	size_t used = 0;
	bool ended = false;
	fcntl(output, F_SETFL, O_NONBLOCK);
	for (;;) {
		struct pollfd polled[] = {
		    {.fd = output, .events = POLLIN},
		    {.fd = pidfd, .events = POLLIN},
		    {.fd = run->actor == ACTOR_HOST || run->actor == ACTOR_PARENT ? run->signals : -1, .events = POLLIN},
		};
		if (!ended && poll(polled, 3, -1) < 0 && errno != EINTR)
			break;
		if (polled[2].revents) {
			sys_pidfd_send_signal(pidfd, SIGKILL);
			fail(run, EINTR, "interrupted while a hook ran");
			break;
		}
		ended |= polled[1].revents != 0;
		ssize_t got = read(output, text + used, sizeof text - 1 - used);
		if (got > 0) {
			used += (size_t)got;
			/* A line that is not finished yet waits for its end while there is room. */
			if (used == sizeof text - 1 || memchr(text, '\n', used))
				pass_text(run, text, &used, used == sizeof text - 1);
		} else if (got == 0 || (ended && errno != EINTR)) {
			if (got == 0 && !ended) { /* it closed its output and lives on */
				poll(&polled[1], 2, -1);
				continue;
			}
			break;
		}
	}
	pass_text(run, text, &used, true);
}

/* Only what is ignored outlives an exec, and only these we ever ignore (main.c began with none). */
void signals_reset(void)
{
	static const int numbers[] = {SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGCHLD, SIGTTOU, SIGTTIN, SIGTSTP};
	sigset_t none;
	for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
		signal(numbers[n], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *path_of(char *const env[])
{
	for (; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

int execute(char *const argv[], char *const env[])
{
	char file[PATH_MAX];
	int error = ENOENT;
	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, env);
		return -errno;
	}
	for (const char *at = path_of(env); *at;) {
		int length = (int)strcspn(at, ":");
		if (length > 0 && snprintf(file, sizeof file, "%.*s/%s", length, at, argv[0]) < (int)sizeof file) {
			execve(file, argv, env);
			/* What is there but may not be run is the better answer. */
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
		}
		at += length + (at[length] == ':');
	}
	return -error;
}
