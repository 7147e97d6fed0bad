#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tslxc
{

struct SeccompArgument {
	uint32_t index;
	uint32_t op; // SCMP_CMP_*
	uint64_t value;
	uint64_t mask; // of SCMP_CMP_MASKED_EQ
};

struct SeccompRule {
	std::string arch;    // libseccomp's word: x86_64, x86, x32, aarch64 …
	std::string syscall; // a name, or a decimal number of that arch
	uint32_t action;     // SECCOMP_RET_* with its data
	std::vector<SeccompArgument> arguments;
};

struct SeccompPolicy {
	uint32_t defaultAction;
	uint32_t otherArchAction; // for every ABI that is not in arches
	std::vector<std::string> arches;
	std::vector<SeccompRule> rules;
};

struct SeccompProgram {
	std::string bytes;           // struct sock_filter[], in the byte order of this machine
	std::vector<size_t> unknown; // rules whose system call no table of libseccomp has
};

SeccompProgram CompileSeccomp(const SeccompPolicy &policy);

} // namespace tslxc
