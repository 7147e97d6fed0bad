/* A plan from a descriptor into memory that nobody else can change. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "plan_view.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

static ssize_t map_sealed(int fd, void **data);
static ssize_t read_copy(int fd, void **data);

int plan_load(struct plan *plan, int fd, struct plan_fault *fault)
{
	void *data = NULL;
	ssize_t bytes = map_sealed(fd, &data);
	bool sealed = bytes > 0;
	if (bytes == 0)
		bytes = read_copy(fd, &data);
	if (bytes < 0) {
		plan_refuse(fault, -1, "the plan on descriptor %d cannot be read", fd);
		return (int)bytes;
	}
	int error = plan_check(data, (size_t)bytes, plan, fault);
	if (error < 0)
		munmap(data, (size_t)bytes);
	plan->mapped_bytes = (size_t)bytes;
	plan->sealed = sealed;
	return error;
}

void plan_unload(struct plan *plan)
{
	if (plan->header)
		munmap((void *)plan->header, plan->mapped_bytes);
	*plan = (struct plan){0};
}

/* The size of a memfd that is sealed against every change, mapped; 0 when it is anything else. */
static ssize_t map_sealed(int fd, void **data)
{
	const int needed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;
	if (seals < 0 || (seals & needed) != needed || fstat(fd, &status) < 0)
		return 0;
	if (status.st_size <= 0 || status.st_size > PLAN_MAX_BYTES)
		return -EFBIG;
	*data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return *data == MAP_FAILED ? -errno : status.st_size;
}

/* Everything that fd gives up to the limit, in memory of our own, cut to size. */
static ssize_t read_copy(int fd, void **data)
{
	const size_t room = PLAN_MAX_BYTES + 4096;
	char *copy = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t used = 0;
	if (copy == MAP_FAILED)
		return -errno;
	while (used <= PLAN_MAX_BYTES) {
		ssize_t got = read(fd, copy + used, room - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int error = errno;
			munmap(copy, room);
			return -error;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	size_t keep = (used + 4095) & ~(size_t)4095;
	if (keep == 0)
		keep = 4096;
	munmap(copy + keep, room - keep);
	mprotect(copy, keep, PROT_READ);
	*data = copy;
	return (ssize_t)used;
}
