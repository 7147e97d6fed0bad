/* Descriptors and mappings that let go of themselves: the attribute stands at the declaration, so no path can forget it. */
#ifndef TSLXC_CLEANUP_H
#define TSLXC_CLEANUP_H

#include <errno.h>
#include <unistd.h>

/* Closes and forgets; errno is the caller's business and stays as it was. */
static inline void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define AUTO_CLOSE __attribute__((cleanup(close_fd)))

#endif
