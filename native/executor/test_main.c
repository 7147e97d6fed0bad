#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modes.h"
#include "start.h"
#include "status.h"
#include "test.h"
#include "test_assemble.h"

enum { CGROUP2_MAGIC = 0x63677270 };

static struct {
	int number, passed, failed, skipped;
	bool wrong;
	const char *skip;
	const char *only;
	char cgroups[128]; /* "": no cgroup2 here */
} state;

static void find_cgroups(void);
static int assemble_main(void);

int main(int argc, char **argv)
{
	/* Payloads are entered by running ourselves as the executor. */
	if (argc > 1)
		start_clean();
	if (argc > 1 && strcmp(argv[1], "run") == 0)
		return run_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "launch") == 0)
		return launch_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "teardown") == 0)
		return teardown_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "keyring") == 0) {
		printf("keyring %ld\n", syscall(SYS_keyctl, 0, -3, 0)); /* KEYCTL_GET_KEYRING_ID of the session's */
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "assemble") == 0)
		return assemble_main();
	if (argc > 1 && strcmp(argv[1], "push") == 0)
		return ioctl(0, TIOCSTI, "!") < 0;
	state.only = argc > 1 ? argv[1] : NULL;
	if (geteuid() != 0) {
		printf("Bail out! these tests need root\n");
		return 1;
	}
	find_cgroups();
	tests_of_order();
	tests_of_expect();
	tests_of_processes();
	tests_of_mounts();
	tests_of_terminals();
	tests_of_links();
	tests_of_payload();
	tests_of_launch();
	tests_of_live();
	printf("1..%d\n%d passed, %d failed, %d skipped\n", state.number, state.passed, state.failed, state.skipped);
	return state.failed != 0;
}

static void find_cgroups(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct statfs fs;
	for (int n = 0; n < 2 && !state.cgroups[0]; n++)
		if (statfs(places[n], &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
			snprintf(state.cgroups, sizeof state.cgroups, "%s", places[n]);
}

/* A plan's text on stdin to its bytes on stdout: the way back from `tslxc-executor print`. */
static int assemble_main(void)
{
	static char text[64 << 10];
	size_t bytes = 0;
	ssize_t got = read(0, text, sizeof text - 1);
	void *data = got < 0 ? NULL : assemble(text, &bytes);
	return data && write(1, data, bytes) == (ssize_t)bytes ? 0 : 1;
}

static void remove_tree(const char *path)
{
	char command[256];
	snprintf(command, sizeof command, "/bin/busybox rm -rf %s", path);
	if (system(command) != 0)
		printf("# left: %s\n", path);
}

void test_one(const char *name, void (*body)(struct context *context))
{
	struct context context = {.terminal = 0};
	if (state.only && !strstr(name, state.only))
		return;
	state.wrong = false;
	state.skip = NULL;
	snprintf(context.directory, sizeof context.directory, "/tmp/tslxc-native.%d.%d", (int)getpid(), state.number);
	mkdir(context.directory, 0755);
	mkdir(test_path(&context, "@/mnt"), 0755);
	snprintf(context.cgroup, sizeof context.cgroup, "%.60s/tslxc-native.%d", state.cgroups, (int)getpid());
	if (state.cgroups[0])
		mkdir(context.cgroup, 0755);
	body(&context);
	if (state.cgroups[0] && rmdir(context.cgroup) < 0)
		test_check(false, "left %s: %s", context.cgroup, strerror(errno));
	remove_tree(context.directory);
	state.number++;
	if (state.skip)
		printf("ok %d - %s # SKIP %s\n", state.number, name, state.skip);
	else
		printf("%sok %d - %s\n", state.wrong ? "not " : "", state.number, name);
	fflush(stdout);
	*(state.skip ? &state.skipped : state.wrong ? &state.failed : &state.passed) += 1;
}

void test_skip(const char *why)
{
	state.skip = why;
}

void test_check(bool right, const char *format, ...)
{
	va_list arguments;
	if (right)
		return;
	state.wrong = true;
	printf("# ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* @ and ~ in a text. */
static void fill_in(const struct context *context, const char *text, char *out, size_t room)
{
	size_t used = 0;
	for (; *text && used + 1 < room; text++) {
		const char *with = *text == '@' ? context->directory : *text == '~' ? context->cgroup : NULL;
		if (with)
			used += (size_t)snprintf(out + used, room - used, "%s", with);
		else
			out[used++] = *text;
	}
	out[used < room ? used : room - 1] = '\0';
}

const char *test_path(const struct context *context, const char *path)
{
	static char buffer[PATH_MAX];
	fill_in(context, path, buffer, sizeof buffer);
	return buffer;
}

bool test_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool test_has_text(const char *path, const char *text)
{
	char content[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, content, sizeof content - 1);
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return false;
	content[got] = '\0';
	return strstr(content, text) != NULL;
}

bool test_wait_text(const char *path, const char *text)
{
	for (int n = 0; n < 500; n++) {
		if (test_has_text(path, text))
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

static int memory_file(const void *data, size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);
	if (write(fd, data, bytes) != (ssize_t)bytes)
		return -1;
	if (seals)
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return fd;
}

/* A caller as bad as they come: it leaks a descriptor of the host's root, and capabilities to inherit. */
static void be_careless(void)
{
	struct {
		unsigned int version;
		int pid;
	} head = {0x20080522, 0};
	struct {
		unsigned int effective, permitted, inheritable;
	} sets[2];
	int root = open("/", O_RDONLY | O_DIRECTORY);
	dup2(root, 33);
	close(root);
	if (syscall(SYS_capget, &head, sets) == 0) {
		sets[0].inheritable = sets[0].permitted;
		sets[1].inheritable = sets[1].permitted;
		syscall(SYS_capset, &head, sets);
	}
}

pid_t test_begin(const struct context *context, const char *mode, const char *plan, struct outcome *outcome)
{
	static char text[32 << 10];
	size_t bytes = 0;
	fill_in(context, plan, text, sizeof text);
	void *data = assemble(text, &bytes);
	memset(outcome, 0, sizeof *outcome);
	if (!data)
		return -1;
	/* Each run has files of its own at fixed numbers: only one runs at a time. */
	int made[3] = {memory_file(data, bytes, 1), memory_file("", 0, 0), memory_file("", 0, 0)};
	munmap(data, bytes);
	dup2(made[1], OUTPUT_FD);
	dup2(made[2], STATUS_FD);
	pid_t pid = fork();
	if (pid == 0) {
		char *arguments[] = {"executor-test", (char *)mode, "--status", "--title", "test", "--",
		                     "/bin/busybox",  "touch",      NULL,       NULL};
		char again[128];
		snprintf(again, sizeof again, "%s/again", context->directory);
		arguments[8] = again;
		if (strcmp(mode, "launch") != 0)
			arguments[3] = NULL;
		int input = context->terminal ? context->terminal : open("/dev/null", O_RDONLY);
		if (context->terminal && (setsid() < 0 || ioctl(input, TIOCSCTTY, 0) < 0))
			_exit(98);
		dup2(input, 0);
		dup2(made[0], 20);
		dup2(20, 3);
		dup2(OUTPUT_FD, 1);
		dup2(OUTPUT_FD, 2);
		dup2(STATUS_FD, 4);
		for (int fd = 5; fd <= 20; fd++)
			close(fd);
		be_careless();
		execv("/proc/self/exe", arguments);
		_exit(99);
	}
	for (int n = 0; n < 3; n++)
		close(made[n]);
	return pid;
}

static void take_record(struct outcome *outcome, const struct status_record *record, const char *text)
{
	size_t used = strlen(outcome->hooks);
	int length = (int)record->length;
	outcome->ended |= record->kind == STATUS_ENDED;
	outcome->running |= record->kind == STATUS_RUNNING;
	outcome->warnings += record->kind == STATUS_WARNING;
	if (record->kind == STATUS_HOOK)
		snprintf(outcome->hooks + used, sizeof outcome->hooks - used, "%.*s\n", length, text);
	if (record->kind != STATUS_FAILED || outcome->failed)
		return;
	outcome->failed = true;
	outcome->index = record->index;
	outcome->error = record->error;
	snprintf(outcome->text, sizeof outcome->text, "%.*s", length, text);
}

void test_finish(pid_t pid, struct outcome *outcome)
{
	static char records[64 << 10];
	struct status_record record;
	waitpid(pid, &outcome->status, 0);
	ssize_t got = pread(OUTPUT_FD, outcome->output, sizeof outcome->output - 1, 0);
	outcome->output[got > 0 ? got : 0] = '\0';
	got = pread(STATUS_FD, records, sizeof records, 0);
	for (size_t at = 0; got > 0 && at + sizeof record <= (size_t)got; at += sizeof record + record.length) {
		memcpy(&record, records + at, sizeof record);
		take_record(outcome, &record, records + at + sizeof record);
	}
	close(OUTPUT_FD);
	close(STATUS_FD);
}

void test_run(const struct context *context, const char *mode, const char *plan, struct outcome *outcome)
{
	pid_t pid = test_begin(context, mode, plan, outcome);
	if (pid < 0)
		test_check(false, "the plan cannot be assembled");
	else
		test_finish(pid, outcome);
}

static const struct plan_case *current;

static void one_case(struct context *context)
{
	struct outcome outcome;
	bool needs_cgroups = strchr(current->plan, '~') != NULL;
	if (needs_cgroups && !state.cgroups[0]) {
		test_skip("no cgroup2 is mounted");
		return;
	}
	test_run(context, "run", current->plan, &outcome);
	int code = WIFEXITED(outcome.status) ? WEXITSTATUS(outcome.status) : -WTERMSIG(outcome.status);
	if (current->failure)
		test_check(outcome.failed && strstr(outcome.text, current->failure), "failure is not \"%s\"", current->failure);
	else
		test_check(!outcome.failed, "it failed");
	if (current->output)
		test_check(strstr(outcome.output, current->output) || strstr(outcome.hooks, current->output),
		           "output is not \"%s\"", current->output);
	test_check(code == current->exit, "exit status %d, not %d", code, current->exit);
	if (state.wrong)
		printf("# op %d, errno %d (%s): %s\n# output: %s\n# hooks: %s\n", outcome.index, outcome.error,
		       strerror(outcome.error), outcome.text, outcome.output, outcome.hooks);
}

void test_cases(const struct plan_case *cases, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		current = &cases[n];
		test_one(cases[n].name, one_case);
	}
}
