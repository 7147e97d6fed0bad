#include "resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "syscalls.h"

/* Where a walk begins, and what it may follow. */
struct way {
	int start;
	const char *path;
	uint64_t resolve;
	int opened; /* start, when it is ours to close */
};

static void close_way(struct way *way)
{
	close_fd(&way->opened);
}
#define AUTO_WAY __attribute__((cleanup(close_way)))

static int find_way(struct run *run, int root, const char *path, bool target, struct way *way)
{
	*way = (struct way){.start = root, .path = path, .opened = -1};
	if (root == EMPTY_FD)
		return fail(run, EBADF, "%s: beneath a tree that could not be opened", path);
	if (root == NO_FD && !run->guest_root) {
		way->start = AT_FDCWD;
		return *path == '/' ? 0 : fail(run, EINVAL, "%s: not absolute", path);
	}
	if (root == NO_FD) {
		way->opened = sys_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, 0);
		if (way->opened < 0)
			return fail(run, errno, "openat2 /");
		way->start = way->opened;
	}
	way->path += strspn(path, "/");
	if (*way->path == '\0')
		way->path = ".";
#ifndef BREAK_resolve
	way->resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (target ? RESOLVE_NO_SYMLINKS : 0);
#else
	(void)target;
#endif
	return 0;
}

int resolve_source(struct run *run, int root, const char *path, uint64_t flags)
{
	AUTO_WAY struct way way;
	int error = find_way(run, root, path, false, &way);
	if (error < 0)
		return error;
	int fd = sys_openat2(way.start, way.path, flags, 0, way.resolve);
	return fd < 0 ? fail(run, errno, "openat2 %s", path) : fd;
}

static int make_way(struct run *run, const struct way *way, const char *path, int make);

int resolve_target(struct run *run, int root, const char *path, int make)
{
	AUTO_WAY struct way way;
	int error = find_way(run, root, path, true, &way);
	if (error < 0)
		return error;
	int fd = sys_openat2(way.start, way.path, O_PATH, 0, way.resolve);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT || make == MAKE_NO)
		return fail(run, errno, "openat2 %s", path);
	return make_way(run, &way, path, make);
}

/* Copies the next component, and says whether it is the last; 0 when there is none. */
static int next_component(const char **path, char *name, size_t room, bool *last)
{
	*path += strspn(*path, "/");
	size_t length = strcspn(*path, "/");
	if (length == 0)
		return 0;
	if (length >= room)
		return -ENAMETOOLONG;
	memcpy(name, *path, length);
	name[length] = '\0';
	*path += length;
	*last = (*path)[strspn(*path, "/")] == '\0';
	/* ".." would let a directory that is moved meanwhile lead the walk out. */
	return strcmp(name, "..") == 0 ? -EINVAL : 1;
}

/* One component at a time, each opened without following links, so nothing is ever made elsewhere. */
static int make_way(struct run *run, const struct way *way, const char *path, int make)
{
	char name[NAME_MAX + 1];
	const char *rest = way->path;
	bool last = false;
	AUTO_CLOSE int here = sys_openat2(way->start, *rest == '/' ? "/" : ".", O_PATH | O_DIRECTORY, 0, way->resolve);
	if (here < 0)
		return fail(run, errno, "openat2 beneath which is %s", path);
	for (;;) {
		int more = next_component(&rest, name, sizeof name, &last);
		if (more < 0)
			return fail(run, more, "resolve %s", path);
		if (more == 0)
			return take_fd(&here);
		int next = sys_openat2(here, name, O_PATH, 0, way->resolve);
		if (next < 0 && errno == ENOENT) {
			int made = -1;
			if (last && make == MAKE_FILE)
				made = mknodat(here, name, S_IFREG | 0644, 0);
			else
				made = mkdirat(here, name, 0755);
			if (made < 0 && errno != EEXIST)
				return fail(run, errno, "make %s for %s", name, path);
			next = sys_openat2(here, name, O_PATH, 0, way->resolve);
		}
		if (next < 0)
			return fail(run, errno, "openat2 %s in %s", name, path);
		close_fd(&here);
		here = next;
	}
}

int fitting(int make, int tree)
{
	struct stat status;
	if (make != MAKE_FITTING)
		return make;
	return fstat(tree, &status) == 0 && !S_ISDIR(status.st_mode) ? MAKE_FILE : MAKE_DIRECTORY;
}

int resolve_parent(struct run *run, int root, const char *path, const char **name)
{
	char parent[PATH_MAX];
	AUTO_WAY struct way way;
	int error = find_way(run, root, path, true, &way);
	if (error < 0)
		return error;
	const char *slash = strrchr(way.path, '/');
	*name = slash ? slash + 1 : way.path;
	if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return fail(run, EINVAL, "%s: names nothing", path);
	size_t length = slash ? (size_t)(slash - way.path) : 0;
	if (length >= sizeof parent)
		return fail(run, ENAMETOOLONG, "%s", path);
	memcpy(parent, way.path, length);
	parent[length] = '\0';
	if (length == 0)
		strcpy(parent, slash ? "/" : ".");
	int fd = sys_openat2(way.start, parent, O_PATH | O_DIRECTORY, 0, way.resolve);
	return fd < 0 ? fail(run, errno, "openat2 the directory of %s", path) : fd;
}

int resolve_proc(struct run *run, const char *path, uint64_t flags)
{
#ifndef BREAK_private_proc
	uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
	/* "self" is a link of the kernel's own; nothing else is followed. */
	if (strncmp(path, "self/", 5) != 0)
		resolve |= RESOLVE_NO_SYMLINKS;
	int fd = sys_openat2(run->proc, path, flags, 0, resolve);
#else
	char guest[PATH_MAX];
	snprintf(guest, sizeof guest, "/proc/%s", path);
	int fd = sys_openat2(AT_FDCWD, guest, flags, 0, 0);
#endif
	return fd < 0 ? fail(run, errno, "openat2 /proc/%s", path) : fd;
}
