#pragma once

namespace tslxc
{

int PidfdOpen(int pid);
// False when the process is gone.
bool PidfdSendSignal(int pidfd, int signal);

} // namespace tslxc
