#include "exec.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "error.h"

namespace tslxc
{
namespace
{

constexpr int kFirst = 3;

// What Node did to signals (SIGPIPE ignored, handlers, a mask), undone; the old state can be put back.
class DefaultSignals
{
      public:
	DefaultSignals()
	{
		struct sigaction byDefault = {};
		byDefault.sa_handler = SIG_DFL;
		for (int signal = 1; signal < NSIG; signal++) {
			// glibc keeps two real-time signals to itself and refuses them: they have no handler to undo after exec.
			known_[signal] = sigaction(signal, &byDefault, &actions_[signal]) == 0;
		}
		sigset_t none;
		sigemptyset(&none);
		pthread_sigmask(SIG_SETMASK, &none, &mask_);
	}
	~DefaultSignals()
	{
		for (int signal = 1; signal < NSIG; signal++) {
			if (known_[signal])
				sigaction(signal, &actions_[signal], nullptr);
		}
		pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
	}

      private:
	std::array<struct sigaction, NSIG> actions_ = {};
	std::array<bool, NSIG> known_ = {};
	sigset_t mask_;
};

// The wanted descriptors at 3, 4 … without close-on-exec. What was there (Node's epoll, often) is put back on destruction.
class PlacedDescriptors
{
      public:
	explicit PlacedDescriptors(const std::vector<int> &wanted) : count_(static_cast<int>(wanted.size()))
	{
		for (int fd : wanted) {
			int copy = fcntl(fd, F_DUPFD_CLOEXEC, kFirst + count_);
			if (copy < 0) {
				int number = errno;
				CloseAll(copies_);
				FailWith(number, "fcntl");
			}
			copies_.push_back(copy);
		}
		for (int i = 0; i < count_; i++) {
			saved_.push_back(fcntl(kFirst + i, F_DUPFD_CLOEXEC, kFirst + count_)); // -1: the number was free
		}
		for (int i = 0; i < count_; i++)
			dup3(copies_[i], kFirst + i, 0);
	}
	~PlacedDescriptors()
	{
		for (int i = 0; i < count_; i++) {
			if (saved_[i] < 0) {
				close(kFirst + i);
			} else {
				dup3(saved_[i], kFirst + i, O_CLOEXEC);
			}
		}
		CloseAll(saved_);
		CloseAll(copies_);
	}

      private:
	static void CloseAll(const std::vector<int> &descriptors)
	{
		for (int fd : descriptors) {
			if (fd >= 0)
				close(fd);
		}
	}
	int count_;
	std::vector<int> copies_;
	std::vector<int> saved_;
};

// Node sets O_NONBLOCK on pipes and sockets at 0-2, and the flag is shared with whoever else holds them.
void MakeStandardDescriptorsBlocking()
{
	for (int fd = 0; fd < kFirst; fd++) {
		int flags = fcntl(fd, F_GETFL);
		if (flags >= 0 && (flags & O_NONBLOCK))
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
		int own = fcntl(fd, F_GETFD);
		if (own >= 0 && (own & FD_CLOEXEC))
			fcntl(fd, F_SETFD, own & ~FD_CLOEXEC);
	}
}

std::vector<char *> Pointers(const std::vector<std::string> &strings)
{
	std::vector<char *> pointers;
	for (const std::string &s : strings)
		pointers.push_back(const_cast<char *>(s.c_str()));
	pointers.push_back(nullptr);
	return pointers;
}

} // namespace

void ReplaceProcess(const ExecRequest &request)
{
	std::vector<char *> argv = Pointers(request.argv);
	std::vector<char *> env = Pointers(request.env);
	PlacedDescriptors placed(request.descriptors);
	// Only close-on-exec, not closed: should exec fail, Node goes on as before.
	unsigned first = kFirst + static_cast<unsigned>(request.descriptors.size());
	if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		Fail("close_range");
	MakeStandardDescriptorsBlocking();
	DefaultSignals signals;
	execve(request.path.c_str(), argv.data(), env.data());
	Fail("execve", request.path);
}

} // namespace tslxc
