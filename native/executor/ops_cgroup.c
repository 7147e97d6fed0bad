/* Control groups of the payload. The trees are the kernel's and ours to name: paths are the host's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "files.h"
#include "ops.h"
#include "run.h"
#include "syscalls.h"

int op_cgroup_make(struct run *run, const struct cgroup_make_op *o)
{
	char byte = 0;
	bool existed = mkdir(o->path, o->mode) < 0;
	if (existed && errno != EEXIST)
		return fail(run, errno, "mkdir %s", o->path);
	AUTO_CLOSE int directory = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (directory < 0)
		return fail(run, errno, "open %s", o->path);
	if (existed) {
		/* A level that containers share holds no process of its own; another one with processes is not ours. */
		AUTO_CLOSE int processes = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
		if (processes >= 0 && read(processes, &byte, 1) > 0)
			return fail(run, EBUSY, "%s holds processes", o->path);
	}
	slot_put_fd(run, o->directory, take_fd(&directory));
	return 0;
}

int op_cgroup_write(struct run *run, const struct cgroup_write_op *o)
{
	return file_write_at(run, o->directory, o->file, o->value);
}

int op_cgroup_delegate(struct run *run, const struct cgroup_delegate_op *o)
{
	uid_t uid = (uid_t)o->uid;
	gid_t gid = (gid_t)o->gid;
	if (fchown(o->directory, uid, gid) < 0)
		return fail(run, errno, "fchown the cgroup");
	for (const char *file = NULL; (file = list_next(&o->files, file));)
		if (fchownat(o->directory, file, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return fail(run, errno, "fchown %s", file);
	return 0;
}

/* Only ourselves, by the one thread that we have: no other process is waited for (kernel-notes 7). */
int op_cgroup_join(struct run *run, const struct cgroup_join_op *o)
{
	bool v1 = faccessat(o->directory, "tasks", F_OK, 0) == 0;
	return file_write_at(run, o->directory, v1 ? "tasks" : "cgroup.procs", "0");
}

int op_cgroup_devices(struct run *run, const struct cgroup_devices_op *o)
{
	union bpf_attr load = {0};
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insn_cnt = o->program.bytes / (uint32_t)sizeof(struct bpf_insn);
	load.insns = (uint64_t)(uintptr_t)o->program.data;
	load.license = (uint64_t)(uintptr_t)"Apache-2.0";
	if (o->program.bytes % sizeof(struct bpf_insn) != 0)
		return fail(run, EINVAL, "device program of %u bytes", o->program.bytes);
	AUTO_CLOSE int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
	if (program < 0)
		return fail(run, errno, "bpf load of the device program");
	union bpf_attr attach = {0};
	attach.target_fd = (uint32_t)o->directory;
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0)
		return fail(run, errno, "bpf attach of the device program");
	return 0;
}

/* On v1 a new cpuset is empty, and takes no process, unless its parent has clone_children (kernel-notes 20). */
int op_cgroup_inherit_cpuset(struct run *run, const struct cgroup_inherit_cpuset_op *o)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	char value[4096];
	AUTO_CLOSE int parent = openat(o->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return fail(run, errno, "open the parent cgroup");
	for (int n = 0; n < 2; n++) {
		int length = file_read_at(run, o->directory, files[n], value, sizeof value);
		if (length == 0)
			length = file_read_at(run, parent, files[n], value, sizeof value);
		else if (length > 0)
			continue;
		if (length < 0)
			return length;
		int error = file_write_at(run, o->directory, files[n], value);
		if (error < 0)
			return error;
	}
	return 0;
}
