#include "seccomp.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "descriptor.h"
#include "error.h"

namespace tslxc
{
namespace
{

struct ReleaseContext {
	void operator()(void *context) const
	{
		seccomp_release(context);
	}
};
using Context = std::unique_ptr<void, ReleaseContext>;

void Check(int result, const char *call, const std::string &about = {})
{
	if (result < 0)
		FailWith(-result, call, about);
}

uint32_t ArchToken(const std::string &name)
{
	uint32_t token = seccomp_arch_resolve_name(name.c_str());
	if (token == 0)
		FailWith(EINVAL, "seccomp_arch_resolve_name", name);
	return token;
}

// An empty filter for one architecture alone; libseccomp starts with the native one.
Context NewContext(const SeccompPolicy &policy, uint32_t arch)
{
	Context context(seccomp_init(policy.defaultAction));
	if (!context)
		FailWith(EINVAL, "seccomp_init");
	Check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, policy.otherArchAction), "seccomp_attr_set");
	if (arch != seccomp_arch_native()) {
		Check(seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE), "seccomp_arch_remove");
		Check(seccomp_arch_add(context.get(), arch), "seccomp_arch_add");
	}
	return context;
}

bool IsNumber(const std::string &text)
{
	return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// What a rule needs to be added for an ABI.
enum class Place { kUnknown, kElsewhere, kHere };

// libseccomp's own negative numbers: below -10000 the ABI has no such call; from -100 and -200 on it has it only, or also, inside
// socketcall and ipc, where arguments cannot be seen: a rule on socket(AF_ALG) would become one on every socket.
Place FindPlace(const SeccompRule &rule, uint32_t arch)
{
	if (IsNumber(rule.syscall))
		return Place::kHere;
	int number = seccomp_syscall_resolve_name_arch(arch, rule.syscall.c_str());
	if (number == __NR_SCMP_ERROR)
		return Place::kUnknown;
	if (number >= 0 || (number > -10000 && rule.arguments.empty()))
		return Place::kHere;
	return Place::kElsewhere;
}

// libseccomp takes this machine's number for a call, whatever ABI the filter is for.
int NativeNumber(const SeccompRule &rule)
{
	if (IsNumber(rule.syscall))
		return static_cast<int>(strtol(rule.syscall.c_str(), nullptr, 10));
	return seccomp_syscall_resolve_name(rule.syscall.c_str());
}

void AddRule(void *context, const SeccompRule &rule, int number)
{
	std::vector<struct scmp_arg_cmp> comparisons;
	for (const SeccompArgument &a : rule.arguments) {
		struct scmp_arg_cmp c = {};
		c.arg = a.index;
		c.op = static_cast<enum scmp_compare>(a.op);
		c.datum_a = c.op == SCMP_CMP_MASKED_EQ ? a.mask : a.value;
		c.datum_b = c.op == SCMP_CMP_MASKED_EQ ? a.value : 0;
		comparisons.push_back(c);
	}
	int result = seccomp_rule_add_exact_array(context, rule.action, number, static_cast<unsigned>(comparisons.size()),
	                                          comparisons.data());
	// The same rule twice is no mistake of the policy's; a rule that says what the default says anyway is refused with EACCES.
	if (result == -EEXIST)
		return;
	if (result == -EACCES)
		return;
	Check(result, "seccomp_rule_add", rule.syscall);
}

std::string Export(void *context)
{
	Descriptor fd(memfd_create("seccomp", MFD_CLOEXEC));
	if (fd.get() < 0)
		Fail("memfd_create");
	Check(seccomp_export_bpf(context, fd.get()), "seccomp_export_bpf");
	struct stat status = {};
	if (fstat(fd.get(), &status) < 0)
		Fail("fstat");
	std::string bytes(static_cast<size_t>(status.st_size), '\0');
	if (pread(fd.get(), bytes.data(), bytes.size(), 0) != status.st_size)
		Fail("pread");
	return bytes;
}

} // namespace

SeccompProgram CompileSeccomp(const SeccompPolicy &policy)
{
	SeccompProgram program;
	Context whole;
	for (const std::string &name : policy.arches) {
		uint32_t arch = ArchToken(name);
		Context context = NewContext(policy, arch);
		for (size_t i = 0; i < policy.rules.size(); i++) {
			const SeccompRule &rule = policy.rules[i];
			if (rule.arch != name)
				continue;
			Place place = FindPlace(rule, arch);
			if (place == Place::kUnknown)
				program.unknown.push_back(i);
			if (place == Place::kHere)
				AddRule(context.get(), rule, NativeNumber(rule));
		}
		if (!whole) {
			whole = std::move(context);
		} else {
			Check(seccomp_merge(whole.get(), context.get()), "seccomp_merge", name);
			context.release(); // merged: owned by the whole now
		}
	}
	if (!whole)
		FailWith(EINVAL, "seccomp_init");
	program.bytes = Export(whole.get());
	return program;
}

} // namespace tslxc
