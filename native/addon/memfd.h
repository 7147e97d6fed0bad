#pragma once

#include <cstddef>
#include <string>

namespace tslxc
{

// A memory file with these bytes that nobody can change any more, positioned at its start; close-on-exec.
int SealedMemfd(const std::string &name, const void *bytes, size_t size);

} // namespace tslxc
