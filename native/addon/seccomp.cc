#include "seccomp.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "descriptor.h"
#include "error.h"

namespace tslxc {
namespace {

struct ReleaseContext {
  void operator()(void *context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, ReleaseContext>;

void Check(int result, const char *call, const std::string &about = {}) {
  if (result < 0) FailWith(-result, call, about);
}

uint32_t ArchToken(const std::string &name) {
  uint32_t token = seccomp_arch_resolve_name(name.c_str());
  if (token == 0) FailWith(EINVAL, "seccomp_arch_resolve_name", name);
  return token;
}

// An empty filter for one architecture alone; libseccomp starts with the native one.
Context NewContext(const SeccompPolicy &policy, uint32_t arch) {
  Context context(seccomp_init(policy.defaultAction));
  if (!context) FailWith(EINVAL, "seccomp_init");
  Check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, policy.otherArchAction), "seccomp_attr_set");
  if (arch != seccomp_arch_native()) {
    Check(seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE), "seccomp_arch_remove");
    Check(seccomp_arch_add(context.get(), arch), "seccomp_arch_add");
  }
  return context;
}

int ResolveSyscall(const SeccompRule &rule, uint32_t arch) {
  char *end = nullptr;
  long number = strtol(rule.syscall.c_str(), &end, 10);
  if (end != rule.syscall.c_str() && *end == '\0') return static_cast<int>(number);
  return seccomp_syscall_resolve_name_arch(arch, rule.syscall.c_str());
}

void AddRule(void *context, const SeccompRule &rule, int number) {
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
  if (result == -EEXIST) return;
  if (result == -EACCES) return;
  Check(result, "seccomp_rule_add", rule.syscall);
}

std::string Export(void *context) {
  Descriptor fd(memfd_create("seccomp", MFD_CLOEXEC));
  if (fd.get() < 0) Fail("memfd_create");
  Check(seccomp_export_bpf(context, fd.get()), "seccomp_export_bpf");
  struct stat status = {};
  if (fstat(fd.get(), &status) < 0) Fail("fstat");
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  if (pread(fd.get(), bytes.data(), bytes.size(), 0) != status.st_size) Fail("pread");
  return bytes;
}

}  // namespace

SeccompProgram CompileSeccomp(const SeccompPolicy &policy) {
  SeccompProgram program;
  Context whole;
  for (const std::string &name : policy.arches) {
    uint32_t arch = ArchToken(name);
    Context context = NewContext(policy, arch);
    for (size_t i = 0; i < policy.rules.size(); i++) {
      const SeccompRule &rule = policy.rules[i];
      if (rule.arch != name) continue;
      int number = ResolveSyscall(rule, arch);
      // Other negative numbers are libseccomp's for calls that this ABI has not, or has only inside socketcall and ipc, where
      // arguments cannot be seen: a rule on socket(AF_ALG) would deny every socket (LXC skips them too).
      if (number == __NR_SCMP_ERROR) program.unknown.push_back(i);
      if (number < 0) continue;
      AddRule(context.get(), rule, number);
    }
    if (!whole) {
      whole = std::move(context);
    } else {
      Check(seccomp_merge(whole.get(), context.get()), "seccomp_merge", name);
      context.release();  // merged: owned by the whole now
    }
  }
  if (!whole) FailWith(EINVAL, "seccomp_init");
  program.bytes = Export(whole.get());
  return program;
}

}  // namespace tslxc
