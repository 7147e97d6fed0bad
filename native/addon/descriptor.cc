#include "descriptor.h"

#include <fcntl.h>

#include "error.h"

namespace tslxc
{

void SetCloseOnExec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);
	if (flags < 0)
		Fail("fcntl");
	if (fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0)
		Fail("fcntl");
}

} // namespace tslxc
