#include "sealed.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "start.h"
#include "syscalls.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
enum { OP_NAMESPACE_JOIN = 31, OP_CLONE_INIT = 34, NAMESPACE_USER = 0x10000000 };

extern char **environ;

/* Inside a user namespace our binary's owner is nobody that the guest could be. */
static bool payload_is_host_root(const struct plan *plan)
{
	for (uint32_t n = 0; n < plan->header->op_count; n++) {
		const struct plan_op *op = &plan->ops[n];
		if ((op->opcode == OP_NAMESPACE_JOIN || op->opcode == OP_CLONE_INIT) && op->nums[0] & NAMESPACE_USER)
			return false;
	}
	return true;
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
	if (!payload_is_host_root(run->plan))
		return 0;
	/* readlink can't be trusted, opening the link is the kernel's own way to the file that runs. */
	AUTO_CLOSE int self = openat(run->proc, "self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return fail(run, errno, "open /proc/self/exe");
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
