#include "sealed.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "start.h"
#include "syscalls.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
enum {
	OP_EXPECT_PROCESS = 4,
	OP_NAMESPACE_JOIN = 31,
	OP_CLONE_INIT = 34,
	OP_IDMAP_WRITE = 35,
	OP_IDMAP_HELPER = 36,
	NAMESPACE_USER = 0x10000000
};

extern char **environ;

/* Whether the owner of our file is somebody in a user namespace with these ranges ("inside outside count", one or more). */
static bool ranges_have(const char *ranges, uid_t owner)
{
	unsigned long inside, outside, count;
	int used = 0;
	for (; sscanf(ranges, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3; ranges += used)
		if (owner >= outside && owner - outside < count)
			return true;
	return false;
}

/* The helper's words behind its name and the pid; the groups' are taken for users too, which does no harm. */
static bool helper_has(const struct plan *plan, const struct plan_op *op, uid_t owner)
{
	char ranges[4096] = "";
	size_t used = 0;
	int number = 0;
	struct text_list words = plan_list(plan, op->strs[0]);
	for (const char *word = NULL; (word = list_next(&words, word));)
		if (number++ >= 2 && used < sizeof ranges)
			used += (size_t)snprintf(ranges + used, sizeof ranges - used, "%s ", word);
	return used >= sizeof ranges || ranges_have(ranges, owner);
}

/* That of a process whose namespaces are joined. What can't be read counts as the worst. */
static bool process_has(struct run *run, pid_t pid, uid_t owner)
{
	char path[32];
	char ranges[4096];
	snprintf(path, sizeof path, "%d/uid_map", (int)pid);
	AUTO_CLOSE int fd = openat(run->proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, ranges, sizeof ranges - 1);
	if (got < 0 || got == sizeof ranges - 1)
		return true;
	ranges[got] = '\0';
	return ranges_have(ranges, owner);
}

/* In a user namespace without our binary's owner nobody can write to it, whatever way to it the guest finds. */
static bool payload_may_write(struct run *run, uid_t owner)
{
	const struct plan *plan = run->plan;
	bool apart = false;
	for (uint32_t n = 0; n < plan->header->op_count; n++) {
		const struct plan_op *op = &plan->ops[n];
		if (op->opcode == OP_NAMESPACE_JOIN || op->opcode == OP_CLONE_INIT)
			apart |= (op->nums[0] & NAMESPACE_USER) != 0;
		if ((op->opcode == OP_IDMAP_WRITE && ranges_have(plan_text(plan, op->strs[0]), owner)) ||
		    (op->opcode == OP_IDMAP_HELPER && helper_has(plan, op, owner)) ||
		    (op->opcode == OP_EXPECT_PROCESS && process_has(run, (pid_t)op->nums[0], owner)))
			return true;
	}
	return !apart;
}

static int copy_of_ourselves(struct run *run, int self)
{
	struct stat status;
	AUTO_CLOSE int copy = memfd_create("tslxc-executor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0 || fstat(self, &status) < 0)
		return fail(run, errno, "memfd_create");
	for (off_t done = 0; done < status.st_size;) {
		ssize_t sent = sendfile(copy, self, &done, (size_t)(status.st_size - done));
		if (sent < 0 && errno != EINTR)
			return fail(run, errno, "sendfile");
		if (sent == 0)
			return fail(run, EIO, "sendfile: our own file became shorter");
	}
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return fail(run, errno, "seal");
	return take_fd(&copy);
}

int sealed_enter(struct run *run, char **argv)
{
#ifdef BREAK_self_exe
	return 0;
#endif
	struct stat status;
	/* readlink can't be trusted, opening the link is the kernel's own way to the file that runs. */
	AUTO_CLOSE int self = openat(run->proc, "self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return fail(run, errno, "open /proc/self/exe");
	if (fstat(self, &status) < 0)
		return fail(run, errno, "fstat /proc/self/exe");
	if (!payload_may_write(run, status.st_uid))
		return 0;
	int seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return 0;
	AUTO_CLOSE int copy = copy_of_ourselves(run, self);
	if (copy < 0)
		return copy;
	lseek(START_PLAN, 0, SEEK_SET);
	for (int fd = START_PLAN; fd <= START_LOCK; fd++)
		fcntl(fd, F_SETFD, 0);
	umask(run->umask);
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return fail(run, errno, "execveat the sealed copy");
}
