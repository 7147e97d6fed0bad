#include "pidfd.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

namespace tslxc
{

int PidfdOpen(int pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0); // always close-on-exec
	if (fd < 0)
		Fail("pidfd_open");
	return static_cast<int>(fd);
}

bool PidfdSendSignal(int pidfd, int signal)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0)
		return true;
	if (errno == ESRCH)
		return false;
	Fail("pidfd_send_signal");
}

} // namespace tslxc
