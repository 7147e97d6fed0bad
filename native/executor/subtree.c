#include "subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	unsigned char type;
	char name[];
};

struct visitor {
	struct run *run;
	int (*visit)(struct run *run, int directory);
	bool remove;
};

static int walk(const struct visitor *visitor, int directory, int depth);

/* One child directory: its own children, itself, and its removal if that is wanted. */
static int walk_child(const struct visitor *visitor, int directory, const char *name, int depth)
{
	AUTO_CLOSE int child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (child < 0)
		return errno == ENOENT ? 0 : -errno;
	int result = walk(visitor, child, depth + 1);
	if (result < 0 || !visitor->remove)
		return result;
	return unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

static int walk(const struct visitor *visitor, int directory, int depth)
{
	_Alignas(struct entry) char buffer[2048];
	int greatest = 0;
	if (depth > SUBTREE_DEPTH)
		return -ELOOP;
	for (;;) {
		long got = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		for (long at = 0; at < got;) {
			const struct entry *entry = (const void *)(buffer + at);
			at += entry->length;
			if (entry->type != 4 /* DT_DIR */ || strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
				continue;
			int result = walk_child(visitor, directory, entry->name, depth);
			if (result < 0)
				return result;
			greatest = result > greatest ? result : greatest;
		}
	}
	int own = visitor->visit ? visitor->visit(visitor->run, directory) : 0;
	return own < 0 || own > greatest ? own : greatest;
}

int subtree_visit(struct run *run, const char *path, int (*visit)(struct run *run, int directory))
{
	struct visitor visitor = {.run = run, .visit = visit};
	AUTO_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return errno == ENOENT ? 0 : -errno;
	return walk(&visitor, directory, 0);
}

int subtree_remove(struct run *run, const char *path)
{
	struct visitor visitor = {.run = run, .remove = true};
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	AUTO_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return errno == ENOENT ? 0 : -errno;
	int error = walk(&visitor, directory, 0);
	if (error < 0)
		return error;
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}
