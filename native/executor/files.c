#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "resolve.h"

int file_write_at(struct run *run, int directory, const char *name, const char *value)
{
	size_t length = strlen(value);
	AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return fail(run, errno, "open %s", name);
	ssize_t wrote = write(fd, value, length);
	if (wrote < 0)
		return fail(run, errno, "write %.60s to %s", value, name);
	return (size_t)wrote == length ? 0 : fail(run, EIO, "write %.60s to %s: only %zd bytes", value, name, wrote);
}

int file_read_at(struct run *run, int directory, const char *name, char *text, size_t room)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, room - 1);
	if (got < 0)
		return fail(run, errno, "read %s", name);
	text[got] = '\0';
	if (got > 0 && text[got - 1] == '\n')
		text[--got] = '\0';
	return (int)got;
}

int write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;
	while (bytes > 0) {
		ssize_t wrote = write(fd, at, bytes);
		if (wrote < 0 && errno != EINTR)
			return -errno;
		if (wrote > 0) {
			at += wrote;
			bytes -= (size_t)wrote;
		}
	}
	return 0;
}

static int beside(struct run *run, const char *path, char new_path[PATH_MAX])
{
	int length = snprintf(new_path, PATH_MAX, "%s.new", path);
	return length < PATH_MAX ? 0 : fail(run, ENAMETOOLONG, "%s", path);
}

int file_begin(struct run *run, const char *path, mode_t mode)
{
	char new_path[PATH_MAX];
	int error = beside(run, path, new_path);
	if (error < 0)
		return error;
	int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	return fd < 0 ? fail(run, errno, "open %s", new_path) : fd;
}

int file_replace(struct run *run, const char *path)
{
	char new_path[PATH_MAX];
	int error = beside(run, path, new_path);
	if (error < 0)
		return error;
	return rename(new_path, path) < 0 ? fail(run, errno, "rename %s", new_path) : 0;
}

int process_starttime(struct run *run, pid_t pid, unsigned long long *ticks)
{
	char name[32];
	char text[1024];
	snprintf(name, sizeof name, "%d/stat", (int)pid);
	AUTO_CLOSE int fd = resolve_proc(run, name, O_RDONLY);
	if (fd < 0)
		return fd;
	ssize_t got = read(fd, text, sizeof text - 1);
	if (got < 0)
		return fail(run, errno, "read /proc/%s", name);
	text[got] = '\0';
	/* The name in parentheses is the process's own choice: only what follows the last one counts. */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", ticks) != 1)
		return fail(run, EIO, "/proc/%s: malformed", name);
	return 0;
}
