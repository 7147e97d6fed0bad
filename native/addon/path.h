#pragma once

#include <cstdint>
#include <string>

namespace tslxc
{

// openat2(2): `resolve` holds RESOLVE_* bits. The result is close-on-exec.
int OpenAt2(int directory, const std::string &path, uint64_t flags, uint64_t mode, uint64_t resolve);

} // namespace tslxc
