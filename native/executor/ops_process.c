/* Processes and namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors.h"
#include "cleanup.h"
#include "files.h"
#include "hook.h"
#include "meeting.h"
#include "ops.h"
#include "resolve.h"
#include "syscalls.h"
#include "tracing.h"

enum { NAMESPACE_TIME = 0x80, NAMESPACE_MNT = 0x20000, NAMESPACE_PID = 0x20000000 };

/* Done by the executor as it made the spawner (actors_spawn). */
int op_spawner(struct run *run, const struct spawner_op *o)
{
	(void)run;
	(void)o;
	return 0;
}

int op_namespace_join(struct run *run, const struct namespace_join_op *o)
{
	if (setns(o->namespace, (int)o->kinds) < 0)
		return fail(run, errno, "setns");
	tracing_forbid();
	/* A file system that others have written to is not trusted, whoever they are. */
	if (o->kinds & NAMESPACE_MNT)
		run->guest_root = true;
	return 0;
}

int op_namespace_unshare(struct run *run, const struct namespace_unshare_op *o)
{
	return unshare((int)o->kinds) < 0 ? fail(run, errno, "unshare") : 0;
}

int op_namespace_open(struct run *run, const struct namespace_open_op *o)
{
	static const char *const files[] = {"user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"};
	char path[64];
	snprintf(path, sizeof path, "%d/ns", (int)o->process);
	AUTO_CLOSE int directory = resolve_proc(run, path, O_PATH | O_DIRECTORY);
	if (directory < 0)
		return directory;
	int fd = openat(directory, files[o->kind], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(run, errno, "open /proc/%s/%s", path, files[o->kind]);
	slot_put_fd(run, o->namespace, fd);
	/* Still alive, so what was opened by its number was its own. */
	struct pollfd polled = {.fd = run->expected_pidfd, .events = POLLIN};
	if (o->process == run->expected && poll(&polled, 1, 0) != 0)
		return fail(run, ESTALE, "the process has ended");
	return 0;
}

/* Only the effective ones, as the user whom the kernel charges for the namespaces; the child becomes root of its own. */
int op_effective_ids(struct run *run, const struct effective_ids_op *o)
{
	if (setresgid((gid_t)-1, (gid_t)o->gid, (gid_t)-1) < 0)
		return fail(run, errno, "setresgid %lld", (long long)o->gid);
	if (setresuid((uid_t)-1, (uid_t)o->uid, (uid_t)-1) < 0)
		return fail(run, errno, "setresuid %lld", (long long)o->uid);
	tracing_forbid();
	return 0;
}

int op_clone_init(struct run *run, const struct clone_init_op *o)
{
	return actors_clone_child(run, o->namespaces, o->process);
}

static int write_process(struct run *run, pid_t pid, const char *file, const char *value)
{
	char path[256];
	if (pid <= 0)
		return fail(run, ESRCH, "write %s of no process", file);
	if (snprintf(path, sizeof path, "%d/%s", (int)pid, file) >= (int)sizeof path)
		return fail(run, ENAMETOOLONG, "/proc/%d/%s", (int)pid, file);
	AUTO_CLOSE int fd = resolve_proc(run, path, O_WRONLY);
	if (fd < 0)
		return fd;
	size_t length = strlen(value);
	ssize_t wrote = write(fd, value, length);
	return wrote == (ssize_t)length ? 0 : fail(run, wrote < 0 ? errno : EIO, "write /proc/%s", path);
}

int op_idmap_write(struct run *run, const struct idmap_write_op *o)
{
	int error = write_process(run, o->process, "gid_map", o->gids);
	return error < 0 ? error : write_process(run, o->process, "uid_map", o->uids);
}

int op_idmap_helper(struct run *run, const struct idmap_helper_op *o)
{
	struct hook hook = {.name = "id map helper", .argv = o->argv, .root = NO_FD};
	return hook_run(run, &hook);
}

int op_resource_limit(struct run *run, const struct resource_limit_op *o)
{
	/* -1 is infinity on both sides. */
	struct {
		uint64_t soft, hard;
	} limit = {(uint64_t)o->soft, (uint64_t)o->hard};
	if (syscall(SYS_prlimit64, o->process, o->resource, &limit, NULL) < 0)
		return fail(run, errno, "prlimit %lld:%lld", (long long)o->soft, (long long)o->hard);
	return 0;
}

int op_process_write(struct run *run, const struct process_write_op *o)
{
	return write_process(run, o->process, o->file, o->value);
}

int op_fd_send(struct run *run, const struct fd_send_op *o)
{
	if (o->descriptor < 0)
		return fail(run, EBADF, "send of an empty slot");
	return meeting_send_fd(run, o->descriptor);
}

int op_fd_receive(struct run *run, const struct fd_receive_op *o)
{
	int fd = meeting_receive_fd(run);
	if (fd < 0)
		return fd;
	slot_put_fd(run, o->descriptor, fd);
	return 0;
}

/* For the children of this process; the offsets can't be set any more once one is in there. */
int op_time_offsets(struct run *run, const struct time_offsets_op *o)
{
	char text[160];
	if (unshare(NAMESPACE_TIME) < 0)
		return fail(run, errno, "unshare time");
	snprintf(text, sizeof text, "boottime %lld %lld\nmonotonic %lld %lld\n", (long long)o->boot_s, (long long)o->boot_ns,
	         (long long)o->monotonic_s, (long long)o->monotonic_ns);
	return write_process(run, getpid(), "timens_offsets", text);
}

int op_self(struct run *run, const struct self_op *o)
{
	slot_put_value(run, o->process, getpid());
	return 0;
}
