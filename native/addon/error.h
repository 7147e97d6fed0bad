// How a failed system call travels to binding.cc, which makes a JavaScript error of it.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

namespace tslxc
{

struct SystemError {
	int number;          // errno
	const char *syscall; // its name, a literal
	std::string path;    // what it was about; empty when it has no path
};

[[noreturn]] inline void Fail(const char *syscall, std::string path = {})
{
	throw SystemError{errno, syscall, std::move(path)};
}

[[noreturn]] inline void FailWith(int number, const char *syscall, std::string path = {})
{
	throw SystemError{number, syscall, std::move(path)};
}

} // namespace tslxc
