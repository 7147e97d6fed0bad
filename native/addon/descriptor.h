#pragma once

#include <unistd.h>

namespace tslxc
{

// A descriptor that is closed when its scope is left, unless it is released to the caller.
class Descriptor
{
      public:
	explicit Descriptor(int fd = -1) : fd_(fd)
	{
	}
	~Descriptor()
	{
		if (fd_ >= 0)
			close(fd_);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	int get() const
	{
		return fd_;
	}
	int release()
	{
		int fd = fd_;
		fd_ = -1;
		return fd;
	}

      private:
	int fd_;
};

void SetCloseOnExec(int fd, bool on);

} // namespace tslxc
