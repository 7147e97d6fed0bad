/* Mounts. A tree is a detached mount held by a descriptor; it is attached to a descriptor too, so no path is looked up twice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "ops.h"
#include "resolve.h"
#include "syscalls.h"

enum { PROPAGATION_REC = 0x4000 };

/* Device nodes of an unpacked tree work through an idmapped mount (kernel-notes 1): nodev is what stands before the host's disks. */
static uint64_t attributes(uint64_t asked, bool idmapped)
{
#ifdef BREAK_nodev
	(void)idmapped;
	return asked & ~(uint64_t)MOUNT_ATTR_NODEV;
#else
	return asked | (idmapped ? MOUNT_ATTR_NODEV : 0);
#endif
}

static int set_attributes(struct run *run, int fd, bool recursive, struct mount_attr attr)
{
	/* The four ways to keep access times are one value, not bits: any of them replaces the others. */
	if ((attr.attr_set | attr.attr_clr) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (sys_mount_setattr(fd, recursive ? AT_RECURSIVE : 0, &attr) < 0)
		return fail(run, errno, "mount_setattr");
	return 0;
}

int op_tree_open(struct run *run, const struct tree_open_op *o)
{
	AUTO_CLOSE int from = resolve_source(run, o->root, o->path, O_PATH);
	int tree = from;
	if (from >= 0) {
		tree = sys_open_tree(from, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (o->recursive ? AT_RECURSIVE : 0));
		if (tree < 0)
			tree = fail(run, errno, "open_tree %s", o->path);
	}
	if (tree < 0)
		return o->optional ? tolerate(run) : tree;
	slot_put_fd(run, o->tree, tree);
	return 0;
}

int op_tree_attributes(struct run *run, const struct tree_attributes_op *o)
{
	if (o->tree == EMPTY_FD)
		return 0;
	return set_attributes(run, o->tree, o->recursive,
	                      (struct mount_attr){.attr_set = attributes(o->set, false),
	                                          .attr_clr = o->clear,
	                                          .propagation = o->propagation & ~(uint64_t)PROPAGATION_REC});
}

int op_tree_idmap(struct run *run, const struct tree_idmap_op *o)
{
	if (o->tree == EMPTY_FD)
		return 0;
	return set_attributes(
	    run, o->tree, o->recursive,
	    (struct mount_attr){.attr_set = attributes(MOUNT_ATTR_IDMAP, true), .userns_fd = (unsigned int)o->userns});
}

/* A missing file or directory that is made to mount on is a file for everything that is no directory. */
static int attach(struct run *run, int tree, int root, const char *path, int make)
{
	AUTO_CLOSE int target = resolve_target(run, root, path, fitting(make, tree));
	if (target < 0)
		return target;
	return sys_move_mount(tree, target) < 0 ? fail(run, errno, "move_mount %s", path) : 0;
}

int op_tree_attach(struct run *run, const struct tree_attach_op *o)
{
	if (o->tree == EMPTY_FD)
		return 0;
	int error = attach(run, o->tree, o->root, o->path, o->make);
	return error < 0 && o->optional ? tolerate(run) : error;
}

/* What the file system itself says about why not ("e overlay: …"), when it says something. */
static int fs_failure(struct run *run, int fs, int error, const char *type, const char *what)
{
	char said[256];
	ssize_t got = read(fs, said, sizeof said - 1);
	if (got <= 0)
		return fail(run, error, "%s of %s", what, type);
	said[got] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return fail(run, error, "%s of %s (%s)", what, type, got > 2 && said[1] == ' ' ? said + 2 : said);
}

static int set_option(struct run *run, int fs, const char *type, const char *option)
{
	char key[256];
	const char *equals = strchr(option, '=');
	size_t length = equals ? (size_t)(equals - option) : strlen(option);
	if (length >= sizeof key)
		return fail(run, ENAMETOOLONG, "option %.60s of %s", option, type);
	memcpy(key, option, length);
	key[length] = '\0';
	int done =
	    equals ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1) : sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL);
	if (done == 0)
		return 0;
	char what[320];
	int error = errno;
	snprintf(what, sizeof what, "option %.200s", option);
	return fs_failure(run, fs, error, type, what);
}

static int make_fs(struct run *run, const char *type, const struct text_list *options, uint64_t flags)
{
	AUTO_CLOSE int fs = sys_fsopen(type);
	if (fs < 0)
		return fail(run, errno, "fsopen %s", type);
	for (const char *option = NULL; (option = list_next(options, option));) {
		int error = set_option(run, fs, type, option);
		if (error < 0)
			return error;
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return fs_failure(run, fs, errno, type, "mount");
	int mount = sys_fsmount(fs, (unsigned int)attributes(flags, false));
	return mount < 0 ? fs_failure(run, fs, errno, type, "fsmount") : mount;
}

int op_fs_mount(struct run *run, const struct fs_mount_op *o)
{
	AUTO_CLOSE int tree = make_fs(run, o->type, &o->options, o->attributes);
	int error = tree < 0 ? tree : attach(run, tree, o->root, o->path, o->make);
	return error < 0 && o->optional ? tolerate(run) : error;
}

int op_fs_create(struct run *run, const struct fs_create_op *o)
{
	int tree = make_fs(run, o->type, &o->options, o->attributes);
	if (tree < 0)
		return tree;
	slot_put_fd(run, o->tree, tree);
	return 0;
}

int op_remount(struct run *run, const struct remount_op *o)
{
	AUTO_CLOSE int target = resolve_target(run, o->root, o->path, MAKE_NO);
	int error = target;
	if (target >= 0)
		error = set_attributes(run, target, o->recursive,
		                       (struct mount_attr){.attr_set = attributes(o->set, false), .attr_clr = o->clear});
	return error < 0 && o->optional ? tolerate(run) : error;
}

int op_propagation(struct run *run, const struct propagation_op *o)
{
	AUTO_CLOSE int target = resolve_target(run, o->root, o->path, MAKE_NO);
	if (target < 0)
		return target;
	return set_attributes(run, target, o->propagation & PROPAGATION_REC,
	                      (struct mount_attr){.propagation = o->propagation & ~(uint64_t)PROPAGATION_REC});
}

int op_unmount(struct run *run, const struct unmount_op *o)
{
	const char *name = NULL;
	AUTO_CLOSE int parent = resolve_parent(run, o->root, o->path, &name);
	if (parent < 0)
		return parent;
	/* umount2 takes no descriptor; a name in our working directory is as good. */
	if (fchdir(parent) < 0)
		return fail(run, errno, "fchdir to the directory of %s", o->path);
	int error = sys_umount(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? fail(run, errno, "umount %s", o->path) : 0;
	return chdir("/") < 0 ? fail(run, errno, "chdir /") : error;
}

int op_directory_open(struct run *run, const struct directory_open_op *o)
{
	int fd = resolve_target(run, o->root, o->path, MAKE_NO);
	if (fd < 0)
		return fd;
	slot_put_fd(run, o->directory, fd);
	return 0;
}

int op_make_directory(struct run *run, const struct make_directory_op *o)
{
	const char *name = NULL;
	AUTO_CLOSE int parent = resolve_parent(run, o->root, o->path, &name);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, o->mode) < 0) {
		if (errno == EEXIST)
			return 0;
		return fail(run, errno, "mkdir %s", o->path);
	}
	if ((o->uid || o->gid) && fchownat(parent, name, (uid_t)o->uid, (gid_t)o->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(run, errno, "chown %s", o->path);
	return 0;
}

/* Never follows what stands there already: it is refused. */
int op_make_file(struct run *run, const struct make_file_op *o)
{
	const char *name = NULL;
	const char *content = o->content ? o->content : "";
	AUTO_CLOSE int parent = resolve_parent(run, o->root, o->path, &name);
	if (parent < 0)
		return parent;
	AUTO_CLOSE int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, o->mode);
	if (fd < 0)
		return fail(run, errno, "create %s", o->path);
	size_t length = strlen(content);
	if (write(fd, content, length) != (ssize_t)length)
		return fail(run, errno, "write %s", o->path);
	return 0;
}

/* A version 4 uuid of the kernel's randomness. */
int op_make_uuid(struct run *run, const struct make_uuid_op *o)
{
	unsigned char bytes[16];
	char text[40];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return fail(run, errno, "getrandom");
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	size_t at = 0;
	for (size_t n = 0; n < sizeof bytes; n++) {
		bool dash = n == 4 || n == 6 || n == 8 || n == 10;
		at += (size_t)snprintf(text + at, sizeof text - at, dash ? "-%02x" : "%02x", bytes[n]);
	}
	snprintf(text + at, sizeof text - at, "\n");
	return op_make_file(run, &(struct make_file_op){.root = o->root, .path = o->path, .mode = o->mode, .content = text});
}

int op_make_symlink(struct run *run, const struct make_symlink_op *o)
{
	const char *name = NULL;
	AUTO_CLOSE int parent = resolve_parent(run, o->root, o->path, &name);
	if (parent < 0)
		return parent;
	if (symlinkat(o->target, parent, name) < 0 && errno != EEXIST)
		return fail(run, errno, "symlink %s", o->path);
	return 0;
}

int op_make_node(struct run *run, const struct make_node_op *o)
{
	const char *name = NULL;
	AUTO_CLOSE int parent = resolve_parent(run, o->root, o->path, &name);
	if (parent < 0)
		return parent;
	if (mknodat(parent, name, S_IFCHR | o->mode, makedev((unsigned int)o->major, (unsigned int)o->minor)) < 0 &&
	    errno != EEXIST)
		return fail(run, errno, "mknod %s", o->path);
	return 0;
}

/* The old root lies on the new one's own place for a moment, and is let go: nothing of it stays reachable. */
int op_pivot(struct run *run, const struct pivot_op *o)
{
	if (fchdir(o->root) < 0)
		return fail(run, errno, "fchdir to the new root");
	if (sys_pivot_root(".", ".") < 0)
		return fail(run, errno, "pivot_root");
	if (sys_umount(".", MNT_DETACH) < 0)
		return fail(run, errno, "umount the old root");
	if (chdir("/") < 0)
		return fail(run, errno, "chdir /");
	run->guest_root = true;
	return 0;
}
