/* What says to others that a container runs, and how to clean up after it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "event.h"
#include "files.h"
#include "ops.h"
#include "resolve.h"
#include "saved.h"

/* Real lxc-start refuses when its abstract address is bound, and so do we when a real LXC monitor holds it (kernel-notes 12). */
int op_claim_address(struct run *run, const struct claim_address_op *o)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(o->address);
	if (length > sizeof address.sun_path - 1)
		return fail(run, ENAMETOOLONG, "bind @%s", o->address);
	memcpy(address.sun_path + 1, o->address, length);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(run, errno, "socket");
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) < 0)
		return fail(run, errno, "bind @%s", o->address);
	slot_put_fd(run, o->socket, take_fd(&fd));
	return 0;
}

int op_save_teardown(struct run *run, const struct save_teardown_op *o)
{
	AUTO_CLOSE int fd = file_begin(run, o->path, 0600);
	if (fd < 0)
		return fd;
	int error = saved_teardown_write(run, fd);
	if (error == 0)
		error = file_replace(run, o->path);
	run->begun |= error == 0;
	return error;
}

int op_record_init(struct run *run, const struct record_init_op *o)
{
	unsigned long long started = 0;
	unsigned long long monitor_started = 0;
	char boot[64];
	char line[256];
	int error = process_starttime(run, o->process, &started);
	if (error == 0)
		error = process_starttime(run, getpid(), &monitor_started);
	if (error < 0)
		return error;
	error = file_read_at(run, run->proc, "sys/kernel/random/boot_id", boot, sizeof boot);
	if (error < 0)
		return error;
	AUTO_CLOSE int fd = file_begin(run, o->path, 0600);
	if (fd < 0)
		return fd;
	int length =
	    snprintf(line, sizeof line, "%d %llu %s %d %llu\n", (int)o->process, started, boot, (int)getpid(), monitor_started);
	error = write_all(fd, line, (size_t)length);
	return error < 0 ? fail(run, error, "write %s", o->path) : file_replace(run, o->path);
}

/* The directory of an events file, whose name is always `events`. */
static int open_events(struct run *run, const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash || strcmp(slash, "/events") != 0 || slash - path >= PATH_MAX)
		return fail(run, EINVAL, "%s is not an events file", path);
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = '\0';
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(run, errno, "open %s", directory) : fd;
}

int op_event(struct run *run, const struct event_op *o)
{
	if (run->events < 0)
		run->events = open_events(run, o->path);
	if (run->events < 0)
		return run->events;
	int error = event_append(run->events, o->state, NULL);
	return error < 0 ? fail(run, error, "append to %s", o->path) : 0;
}

int op_teardown_event(struct run *run, const struct teardown_event_op *o)
{
	char extra[32];
	AUTO_CLOSE int directory = open_events(run, o->path);
	if (directory == -ENOENT)
		return 0;
	if (directory < 0)
		return directory;
	snprintf(extra, sizeof extra, "status=%d", run->wait_status);
	int error = event_append(directory, o->state, run->ended ? extra : NULL);
	return error < 0 ? fail(run, error, "append to %s", o->path) : 0;
}
