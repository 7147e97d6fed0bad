#include "memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descriptor.h"
#include "error.h"

namespace tslxc
{

int SealedMemfd(const std::string &name, const void *bytes, size_t size)
{
	Descriptor fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (fd.get() < 0)
		Fail("memfd_create", name);

	const char *from = static_cast<const char *>(bytes);
	for (size_t done = 0; done < size;) {
		ssize_t n = pwrite(fd.get(), from + done, size - done, static_cast<off_t>(done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			Fail("pwrite", name);
		done += static_cast<size_t>(n);
	}
	if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		Fail("fcntl", name);
	return fd.release();
}

} // namespace tslxc
