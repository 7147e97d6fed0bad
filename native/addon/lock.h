// Open-file-description locks: they belong to the descriptor, so they survive fork and exec and end with its last copy.
#pragma once

namespace tslxc
{

// Takes the lock over the whole file without waiting; false when somebody else's lock is in the way.
bool TryLock(int fd, bool exclusive);
// Whether a lock of another open file would refuse this one. Changes nothing.
bool WouldBlock(int fd, bool exclusive);
void Unlock(int fd);

} // namespace tslxc
