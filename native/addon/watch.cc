#include "watch.h"

#include <memory>
#include <utility>

#include "error.h"

namespace tslxc
{

Watch *Watch::Start(uv_loop_t *loop, int fd, std::function<void()> ready)
{
	auto watch = std::make_unique<Watch>();
	watch->ready_ = std::move(ready);
	watch->handle_.data = watch.get();
	int result = uv_poll_init(loop, &watch->handle_, fd);
	if (result < 0)
		FailWith(-result, "uv_poll_init");

	Watch *started = watch.release(); // from here on libuv owns it, until its close callback
	result = uv_poll_start(&started->handle_, UV_READABLE | UV_DISCONNECT, [](uv_poll_t *handle, int, int) {
		Watch *self = static_cast<Watch *>(handle->data);
		auto callback = std::move(self->ready_);
		self->Stop();
		callback();
	});
	if (result < 0) {
		started->Stop();
		FailWith(-result, "uv_poll_start");
	}
	return started;
}

void Watch::Stop()
{
	if (uv_is_closing(reinterpret_cast<uv_handle_t *>(&handle_)))
		return;
	uv_close(reinterpret_cast<uv_handle_t *>(&handle_),
	         [](uv_handle_t *handle) { delete static_cast<Watch *>(handle->data); });
}

} // namespace tslxc
