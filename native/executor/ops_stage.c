/*
 * Mounts that come from the host go through a mount namespace that the host owns. When the child copies that into its own user
 * namespace, the kernel locks their flags (MNT_LOCK_NODEV, MNT_LOCK_READONLY…); what the child attaches itself, the guest's
 * root could remount without them, and then open a device node that an unpacked tree brought along.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "ops.h"
#include "resolve.h"
#include "syscalls.h"

struct home {
	int mounts;
	int root;
	int directory;
};

static void close_home(struct home *home)
{
	close_fd(&home->mounts);
	close_fd(&home->root);
	close_fd(&home->directory);
}
#define AUTO_HOME __attribute__((cleanup(close_home)))

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* setns makes the namespace's own root ours; back home, ours may have been another one. */
static int go_home(struct run *run, const struct home *home)
{
	if (setns(home->mounts, CLONE_NEWNS) < 0 || fchdir(home->root) < 0)
		return fail(run, errno, "return to the executor's mount namespace");
	struct stat now;
	struct stat before;
	if (stat("/", &now) == 0 && fstat(home->root, &before) == 0 && !same_file(&now, &before) && chroot(".") < 0)
		return fail(run, errno, "chroot back");
	return fchdir(home->directory) < 0 ? fail(run, errno, "fchdir back") : 0;
}

static int open_namespaces(struct run *run, pid_t process, struct home *home, int *staging)
{
	char path[32];
	struct stat ours;
	struct stat theirs;
	snprintf(path, sizeof path, "%d/ns", (int)process);
	AUTO_CLOSE int directory = resolve_proc(run, path, O_PATH | O_DIRECTORY);
	if (directory < 0)
		return directory;
	*staging = openat(directory, "mnt", O_RDONLY | O_CLOEXEC);
	/* Opened by the name that is always ours: /proc/self of the host's procfs. */
	AUTO_CLOSE int self = resolve_proc(run, "self/ns", O_PATH | O_DIRECTORY);
	if (self < 0)
		return self;
	home->mounts = openat(self, "mnt", O_RDONLY | O_CLOEXEC);
	home->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	home->directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*staging < 0 || home->mounts < 0 || home->root < 0 || home->directory < 0)
		return fail(run, errno, "open the mount namespaces");
	if (fstat(*staging, &theirs) < 0 || fstat(home->mounts, &ours) < 0)
		return fail(run, errno, "fstat of the mount namespaces");
	return same_file(&ours, &theirs) ? fail(run, EINVAL, "tree_stage would reach the host's mounts") : 0;
}

static int attach_there(struct run *run, const struct tree_stage_op *o)
{
	AUTO_CLOSE int target = resolve_target(run, NO_FD, o->path, fitting(o->make, o->tree));
	if (target < 0)
		return target;
	return sys_move_mount(o->tree, target) < 0 ? fail(run, errno, "move_mount %s", o->path) : 0;
}

int op_tree_stage(struct run *run, const struct tree_stage_op *o)
{
	AUTO_HOME struct home home = {-1, -1, -1};
	AUTO_CLOSE int staging = -1;
	if (o->tree == EMPTY_FD)
		return 0;
	int error = open_namespaces(run, o->process, &home, &staging);
	if (error < 0)
		return error;
	if (setns(staging, CLONE_NEWNS) < 0)
		return fail(run, errno, "setns to the staging namespace");
	error = attach_there(run, o);
	int returned = go_home(run, &home);
	if (returned < 0)
		return returned;
	return error < 0 && o->optional ? tolerate(run) : error;
}
