/* A container's tree as start will assemble it, but attached nowhere and read-only. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/mount.h>
#include <unistd.h>

#include "cleanup.h"

enum { LOWERDIR_BYTES = 512 };

/* Cuts "A:/B:/C" at each ":/", as LXC does: other colons belong to the paths. */
static int split_paths(char *text, const char **paths, int most)
{
	int count = 0;

	while (text) {
		char *colon = strstr(text, ":/");

		if (count == most)
			return -E2BIG;
		if (colon)
			*colon = 0;
		paths[count++] = text;
		text = colon ? colon + 1 : NULL;
	}
	return count;
}

static int open_layers(struct probe_tree *tree, const char **context)
{
	for (int i = 0; i < tree->layer_count; i++) {
		*context = tree->paths[i];
		tree->layers[i] = open(tree->paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (tree->layers[i] < 0)
			return -errno;
	}
	return 0;
}

static int configure_overlay(int context, const char *lowerdir, bool userxattr)
{
	if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "lowerdir", lowerdir, 0) < 0)
		return -errno;
	if (userxattr && syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return -errno;
	return syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* All layers as lower ones: without an upper nothing can be written, and whiteouts count all the same. */
static int mount_overlay(const struct probe_tree *tree, bool userxattr)
{
	AUTO_CLOSE int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	char lowerdir[LOWERDIR_BYTES] = "";
	int mount;
	int error;

	if (context < 0)
		return -errno;
	/* By descriptor: paths may hold colons, commas and backslashes. */
	for (int i = 0; i < tree->layer_count; i++) {
		size_t length = strlen(lowerdir);

		snprintf(lowerdir + length, sizeof(lowerdir) - length, "%s/proc/self/fd/%d", i ? ":" : "", tree->layers[i]);
	}
	error = configure_overlay(context, lowerdir, userxattr);
	if (error)
		return error;
	mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	return mount < 0 ? -errno : mount;
}

/* Without the right to clone a mount (a plain user) the directory itself serves. */
static int clone_directory(int directory)
{
	int tree = (int)syscall(SYS_open_tree, directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (tree < 0 && errno == EPERM)
		tree = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	return tree < 0 ? -errno : tree;
}

static int open_overlay(struct probe_tree *tree, char *paths, const char **context)
{
	const char *given[PROBE_MAX_LAYERS];
	int count = split_paths(paths, given, PROBE_MAX_LAYERS);
	int error;

	*context = paths;
	if (count < 2)
		return count < 0 ? count : -EINVAL;
	tree->layer_count = count;
	tree->paths[0] = given[count - 1]; /* the upper one comes last */
	for (int i = 0; i + 1 < count; i++)
		tree->paths[i + 1] = given[i];
	error = open_layers(tree, context);
	if (error)
		return error;
	*context = "overlay";
	tree->root = mount_overlay(tree, true);
	if (tree->root == -EINVAL) /* no userxattr before 5.11 */
		tree->root = mount_overlay(tree, false);
	return tree->root < 0 ? tree->root : 0;
}

int probe_open_tree(struct probe_tree *tree, char *spec, const char **context)
{
	char *path = strchr(spec, ':');
	int error;

	tree->root = -1;
	tree->layer_count = 0;
	for (int i = 0; i < PROBE_MAX_LAYERS; i++)
		tree->layers[i] = -1;
	*context = spec;
	if (!path)
		return -EINVAL;
	*path++ = 0;
	if (strcmp(spec, "overlay") == 0 || strcmp(spec, "overlayfs") == 0)
		return open_overlay(tree, path, context);
	if (strcmp(spec, "dir") != 0)
		return -EOPNOTSUPP;
	tree->layer_count = 1;
	tree->paths[0] = path;
	error = open_layers(tree, context);
	if (error)
		return error;
	tree->root = clone_directory(tree->layers[0]);
	return tree->root < 0 ? tree->root : 0;
}

void probe_close_tree(struct probe_tree *tree)
{
	for (int i = 0; i < tree->layer_count; i++)
		close_fd(&tree->layers[i]);
	close_fd(&tree->root);
}

static int write_map(pid_t pid, const char *name)
{
	static const char map[] = "0 100000 65536\n";
	char path[64];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, sizeof(map) - 1) < 0)
		return -errno;
	return 0;
}

/* A user namespace with some map, held by a process for a moment. */
static int make_user_namespace(void)
{
	char path[64];
	int userns = -1;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (write_map(pid, "uid_map") == 0 && write_map(pid, "gid_map") == 0)
		userns = open(path, O_RDONLY | O_CLOEXEC);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return userns;
}

bool probe_is_idmappable(const struct probe_tree *tree)
{
	AUTO_CLOSE int userns = make_user_namespace();
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};

	if (userns < 0)
		return false;
	attributes.userns_fd = (unsigned)userns;
	for (int i = 0; i < tree->layer_count; i++) {
		AUTO_CLOSE int mount =
		    (int)syscall(SYS_open_tree, tree->layers[i], "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

		if (mount < 0 || syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
			return false;
	}
	return true;
}
