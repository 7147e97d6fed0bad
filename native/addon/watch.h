#pragma once

#include <uv.h>

#include <functional>

namespace tslxc
{

// Calls back once, from the event loop, when a descriptor becomes readable or is hung up (a pidfd: when the process has ended).
// The descriptor must stay open until then or until Stop. Frees itself.
class Watch
{
      public:
	static Watch *Start(uv_loop_t *loop, int fd, std::function<void()> ready);
	void Stop();

      private:
	uv_poll_t handle_ = {};
	std::function<void()> ready_;
};

} // namespace tslxc
