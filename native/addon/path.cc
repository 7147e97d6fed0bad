#include "path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

namespace tslxc
{

int OpenAt2(int directory, const std::string &path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {};
	how.flags = flags | O_CLOEXEC;
	how.mode = mode;
	how.resolve = resolve;
	// EAGAIN: a rename or mount elsewhere raced with the walk; the kernel asks for another try.
	for (int attempt = 0;; attempt++) {
		long fd = syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
		if (fd >= 0)
			return static_cast<int>(fd);
		if (errno == EINTR || (errno == EAGAIN && attempt < 64))
			continue;
		Fail("openat2", path);
	}
}

} // namespace tslxc
