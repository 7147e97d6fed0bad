/* The facts that the plan rests on. A mismatch is ESTALE, whatever made it: the caller plans anew. A link that is
 * missing is ENODEV: it may have been missing before. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cleanup.h"
#include "files.h"
#include "ops.h"
#include "resolve.h"
#include "syscalls.h"

static int stale(struct run *run, const char *what)
{
	run->failure.error = 0; /* how we found out is not the news */
	return fail(run, ESTALE, "%s has changed since the plan was made", what);
}

/* dir is a directory of the host's, path what is in it: a rootfs and a file of the guest's. */
static int open_in(struct run *run, const char *dir, const char *path)
{
	AUTO_CLOSE int root = dir ? resolve_source(run, NO_FD, dir, O_PATH | O_DIRECTORY) : NO_FD;
	if (dir && root < 0)
		return root;
	return resolve_source(run, root, path, O_PATH);
}

int op_expect_file(struct run *run, const struct expect_file_op *o)
{
	struct stat status;
	AUTO_CLOSE int fd = open_in(run, o->dir, o->path);
	if (fd < 0 || fstat(fd, &status) < 0)
		return stale(run, o->path);
	int64_t mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	if ((int64_t)status.st_dev != o->dev || (int64_t)status.st_ino != o->ino || status.st_size != o->size ||
	    mtime_ns != o->mtime_ns)
		return stale(run, o->path);
	return 0;
}

int op_expect_absent(struct run *run, const struct expect_absent_op *o)
{
	AUTO_CLOSE int fd = open_in(run, o->dir, o->path);
	if (fd >= 0 || (fd != -ENOENT && fd != -ENOTDIR))
		return stale(run, o->path);
	run->failure.error = 0;
	return 0;
}

int op_expect_link(struct run *run, const struct expect_link_op *o)
{
	return if_nametoindex(o->name) ? 0 : fail(run, ENODEV, "look for the link %s", o->name);
}

int op_expect_process(struct run *run, const struct expect_process_op *o)
{
	unsigned long long starttime = 0;
	pid_t pid = (pid_t)o->pid;
	AUTO_CLOSE int pidfd = pid > 0 ? sys_pidfd_open(pid) : -1;
	if (pidfd < 0 || process_starttime(run, pid, &starttime) < 0 || starttime != (unsigned long long)o->starttime)
		return stale(run, "the process");
	/* It was alive after its start time was read, so the number was its own when that was read. */
	struct pollfd polled = {.fd = pidfd, .events = POLLIN};
	if (poll(&polled, 1, 0) != 0)
		return stale(run, "the process");
	run->expected = pid;
	run->expected_pidfd = pidfd; /* the slot's, which outlives it */
	slot_put_value(run, o->process, pid);
	slot_put_fd(run, o->pidfd, take_fd(&pidfd));
	return 0;
}

int op_expect_namespace(struct run *run, const struct expect_namespace_op *o)
{
	struct stat status;
	AUTO_CLOSE int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || (int64_t)status.st_dev != o->dev || (int64_t)status.st_ino != o->ino)
		return stale(run, o->path);
	slot_put_fd(run, o->namespace, take_fd(&fd));
	return 0;
}

/* v2 tells of the whole subtree; a v1 group only of itself. */
int op_expect_vacant(struct run *run, const struct expect_vacant_op *o)
{
	char text[256];
	AUTO_CLOSE int group = open(o->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (group < 0)
		return errno == ENOENT ? 0 : fail(run, errno, "open %s", o->path);
	AUTO_CLOSE int events = openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int fd = events >= 0 ? take_fd(&events) : openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length < 0)
		return fail(run, errno, "read who is in %s", o->path);
	text[length] = 0;
	bool vacant = strstr(text, "populated") ? strstr(text, "populated 0") != NULL : length == 0;
	return vacant ? 0 : fail(run, EBUSY, "%s holds processes that another program started", o->path);
}

/* Overlay mounted by who may not write to its upper layer succeeds, read-only (kernel-notes 2). */
int op_expect_writable(struct run *run, const struct expect_writable_op *o)
{
	struct statvfs fs;
	if (fstatvfs(o->root, &fs) < 0)
		return fail(run, errno, "fstatvfs");
	return fs.f_flag & ST_RDONLY ? fail(run, EROFS, "the root file system came out read-only") : 0;
}
