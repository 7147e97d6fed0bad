/*
 * kill_at N [--] PROGRAM [ARG...]: runs a program and kills it with SIGKILL as it is about to make its N-th call that changes
 * something outside itself, counted over all its threads. Its children are not traced: they are who must cope.
 *
 * With N = 0 it is only counted, and each call is listed on descriptor 3: "NUMBER NAME [PATH]". Exit status: the program's own,
 * 128 + 9 when it was killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* `path`: which argument names what is changed, -1: none. */
static const struct {
	long number;
	const char *name;
	int path;
} CHANGES[] = {
    {SYS_mkdirat, "mkdirat", 1},    {SYS_mknodat, "mknodat", 1},
    {SYS_unlinkat, "unlinkat", 1},  {SYS_symlinkat, "symlinkat", 2},
    {SYS_linkat, "linkat", 3},      {SYS_renameat2, "renameat2", 3},
    {SYS_renameat, "renameat", 3},  {SYS_fchownat, "fchownat", 1},
    {SYS_fchmodat, "fchmodat", 1},  {SYS_fchown, "fchown", -1},
    {SYS_fchmod, "fchmod", -1},     {SYS_ftruncate, "ftruncate", -1},
    {SYS_pwrite64, "pwrite64", -1}, {SYS_mount, "mount", 1},
    {SYS_umount2, "umount2", 0},    {SYS_move_mount, "move_mount", 3},
    {SYS_setxattr, "setxattr", 0},  {SYS_utimensat, "utimensat", 1},
    {SYS_clone3, "clone3", -1},     {SYS_bind, "bind", -1},
#ifdef SYS_mkdir
    {SYS_mkdir, "mkdir", 0},        {SYS_rmdir, "rmdir", 0},
    {SYS_unlink, "unlink", 0},      {SYS_symlink, "symlink", 1},
    {SYS_link, "link", 1},          {SYS_rename, "rename", 1},
    {SYS_chmod, "chmod", 0},        {SYS_chown, "chown", 0},
    {SYS_lchown, "lchown", 0},      {SYS_fork, "fork", -1},
    {SYS_vfork, "vfork", -1},
#endif
};

static void read_text(pid_t pid, uint64_t address, char *text, size_t size)
{
	struct iovec here = {text, size - 1}, there = {(void *)(uintptr_t)address, size - 1};
	ssize_t got = address ? process_vm_readv(pid, &here, 1, &there, 1, 0) : 0;

	text[got > 0 ? got : 0] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
}

/* Writes to files count, those to pipes, sockets and the event loop's own descriptors do not. */
static bool writes_a_file(pid_t pid, uint64_t fd, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, (int)fd);
	length = readlink(link, path, size - 1);
	if (length <= 0)
		return false;
	path[length] = '\0';
	return path[0] == '/' && strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/memfd:", 7) != 0;
}

/* Whether a call changes something; `text` then says what. */
static const char *change(pid_t pid, const struct __ptrace_syscall_info *info, char *text, size_t size)
{
	const __uint64_t *args = info->entry.args;

	text[0] = '\0';
	if (info->entry.nr == SYS_write || info->entry.nr == SYS_writev)
		return writes_a_file(pid, args[0], text, size) ? "write" : NULL;
	if (info->entry.nr == SYS_openat && (args[2] & (O_CREAT | O_TRUNC))) {
		read_text(pid, args[1], text, size);
		return "openat";
	}
	/* A new thread changes nothing outside. */
	if (info->entry.nr == SYS_clone)
		return args[0] & 0x10000 ? NULL : "clone";
	if (info->entry.nr == SYS_clone3) {
		uint64_t flags = 0;
		struct iovec here = {&flags, sizeof flags}, there = {(void *)(uintptr_t)args[0], sizeof flags};

		process_vm_readv(pid, &here, 1, &there, 1, 0);
		return flags & 0x10000 ? NULL : "clone3";
	}
	for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++)
		if ((uint64_t)CHANGES[i].number == info->entry.nr) {
			if (CHANGES[i].path >= 0)
				read_text(pid, args[CHANGES[i].path], text, size);
			return CHANGES[i].name;
		}
	return NULL;
}

struct count {
	pid_t main;
	long stop_at;
	long seen;
};

/* One stop at a call's start or end; true: the program was killed. */
static bool at_call(struct count *count, pid_t pid)
{
	struct __ptrace_syscall_info info;
	char text[512];
	const char *name;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	name = change(pid, &info, text, sizeof text);
	if (!name)
		return false;
	count->seen++;
	if (count->stop_at == 0)
		dprintf(3, "%ld %s %s\n", count->seen, name, text);
	if (count->seen != count->stop_at)
		return false;
	kill(count->main, SIGKILL);
	return true;
}

static int follow(struct count *count)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = 0;

		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid != count->main)
				continue;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			at_call(count, pid);
		else if (status >> 16 == 0 && WSTOPSIG(status) != SIGTRAP)
			signal = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, pid, 0, signal);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct count count = {0};
	int first = argc > 2 && strcmp(argv[2], "--") == 0 ? 3 : 2;
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
	int status;

	if (argc <= first) {
		fprintf(stderr, "usage: kill_at N [--] PROGRAM [ARG...]\n");
		return 2;
	}
	count.stop_at = atol(argv[1]);
	count.main = fork();
	if (count.main == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		if (count.stop_at == 0)
			fcntl(3, F_SETFD, FD_CLOEXEC);
		raise(SIGSTOP);
		execvp(argv[first], argv + first);
		_exit(127);
	}
	waitpid(count.main, &status, 0);
	ptrace(PTRACE_SETOPTIONS, count.main, 0, options);
	ptrace(PTRACE_SYSCALL, count.main, 0, 0);
	return follow(&count);
}
