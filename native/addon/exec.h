#pragma once

#include <string>
#include <vector>

namespace tslxc
{

struct ExecRequest {
	std::string path;
	std::vector<std::string> argv;
	std::vector<std::string> env;
	std::vector<int> descriptors; // placed at 3, 4, 5 …; everything else from 3 up is closed
};

// Replaces this process. Returns only by throwing, and then descriptors and signals are as they were.
[[noreturn]] void ReplaceProcess(const ExecRequest &request);

} // namespace tslxc
