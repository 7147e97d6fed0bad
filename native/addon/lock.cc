#include "lock.h"

#include <fcntl.h>

#include "error.h"

namespace tslxc
{

static struct flock WholeFile(short type)
{
	struct flock lock = {};
	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	return lock;
}

bool TryLock(int fd, bool exclusive)
{
	struct flock lock = WholeFile(exclusive ? F_WRLCK : F_RDLCK);
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return true;
	if (errno == EAGAIN || errno == EACCES)
		return false;
	Fail("fcntl");
}

bool WouldBlock(int fd, bool exclusive)
{
	struct flock lock = WholeFile(exclusive ? F_WRLCK : F_RDLCK);
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		Fail("fcntl");
	return lock.l_type != F_UNLCK;
}

void Unlock(int fd)
{
	struct flock lock = WholeFile(F_UNLCK);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		Fail("fcntl");
}

} // namespace tslxc
