/* Ptys: made in the container's devpts, their masters served by the executor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "ops.h"
#include "resolve.h"
#include "session.h"
#include "syscalls.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
enum { DEVPTS_MAGIC = 0x1cd1 };

static int open_multiplexer(struct run *run, const struct pty_open_op *o)
{
	struct stat status;
	struct statfs fs;
	AUTO_CLOSE int directory = resolve_target(run, o->root, o->devpts ? o->devpts : "/dev/pts", MAKE_NO);
	if (directory < 0)
		return directory;
	if (fstatfs(directory, &fs) < 0 || fs.f_type != DEVPTS_MAGIC)
		return fail(run, ENODEV, "%s is not a devpts", o->devpts ? o->devpts : "/dev/pts");
	/* The host's ptmx may be beside its devpts, as /dev/ptmx, with none (mode 000) in it: root opens it all the same. */
	AUTO_CLOSE int master = openat(directory, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	if (master < 0)
		return fail(run, errno, "open ptmx");
	if (fstat(master, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2))
		return fail(run, ENODEV, "ptmx is not the pty multiplexer");
	return take_fd(&master);
}

int op_pty_open(struct run *run, const struct pty_open_op *o)
{
	int unlocked = 0;
	AUTO_CLOSE int master = open_multiplexer(run, o);
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail(run, errno, "TIOCSPTLCK");
	/* By the master, not by the path /dev/pts/N, which is the guest's to replace (CVE-2025-52565). */
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return fail(run, errno, "TIOCGPTPEER");
	slot_put_fd(run, o->master, take_fd(&master));
	slot_put_fd(run, o->slave, slave);
	return 0;
}

int op_pty_attach(struct run *run, const struct pty_attach_op *o)
{
	AUTO_CLOSE int tree = sys_open_tree(o->slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (tree < 0)
		return fail(run, errno, "open_tree of a pty");
	AUTO_CLOSE int target = resolve_target(run, o->root, o->path, MAKE_FILE);
	if (target < 0)
		return target;
	return sys_move_mount(tree, target) < 0 ? fail(run, errno, "move_mount %s", o->path) : 0;
}

int op_stdio(struct run *run, const struct stdio_op *o)
{
	int from = o->descriptor == NO_FD ? run->null_device : o->descriptor;
	if (o->controlling && !session_is_own())
		return 0;
	for (int fd = 0; fd < 3; fd++)
		if (o->mask & 1u << fd && dup2(from, fd) < 0)
			return fail(run, errno, "dup2 to %d", fd);
	if (!o->controlling)
		return 0;
	return ioctl(from, TIOCSCTTY, 0) < 0 ? fail(run, errno, "TIOCSCTTY") : 0;
}

/* A duplicate for what the executor becomes: the slot's own is closed with the others. */
static int hand_over(struct run *run, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 ? fail(run, errno, "dup") : copy;
}

int op_pump(struct run *run, const struct pump_op *o)
{
	int master = hand_over(run, o->master);
	if (master < 0)
		return master;
	run->pump = (struct pump){.master = master, .mask = (unsigned int)o->mask, .log = o->log};
	run->pumped = true;
	pump_copy_size(&run->pump);
	return 0;
}

int op_serve_console(struct run *run, const struct serve_console_op *o)
{
	int master = hand_over(run, o->master);
	if (master < 0)
		return master;
	int error = monitor_serve_console(&run->monitor, master, o->ring_bytes, o->log_bytes, o->rotate, o->log);
	return error < 0 ? fail(run, error, "console%s%s", o->log ? " log " : "", o->log ? o->log : "") : 0;
}

int op_serve_tty(struct run *run, const struct serve_tty_op *o)
{
	int master = hand_over(run, o->master);
	if (master < 0)
		return master;
	int error = monitor_serve_tty(&run->monitor, master, (int)o->number);
	return error < 0 ? fail(run, error, "tty %lld", (long long)o->number) : 0;
}

int op_serve_control(struct run *run, const struct serve_control_op *o)
{
	int error = monitor_serve_control(&run->monitor, o->directory);
	return error < 0 ? fail(run, error, "control socket in %s", o->directory) : 0;
}
