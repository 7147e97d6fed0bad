/* What the child does to itself before it becomes the payload. */
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "hook.h"
#include "meeting.h"
#include "ops.h"
#include "resolve.h"
#include "start.h"
#include "syscalls.h"
#include "tracing.h"

enum { CAPABILITY_VERSION_3 = 0x20080522, CAPABILITY_LIMIT = 64, SESSION_JOIN = 1 };
#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_CREATE 1
#endif

int op_hostname(struct run *run, const struct hostname_op *o)
{
	return sethostname(o->name, strlen(o->name)) < 0 ? fail(run, errno, "sethostname %s", o->name) : 0;
}

int op_personality(struct run *run, const struct personality_op *o)
{
	return personality(o->value) < 0 ? fail(run, errno, "personality %llx", (unsigned long long)o->value) : 0;
}

int op_session_keyring(struct run *run)
{
	if (syscall(SYS_keyctl, SESSION_JOIN, NULL) >= 0)
		return 0;
	fail(run, errno, "keyctl: the container keeps the session keyring it was born with");
	/* A kernel without keyrings has none to keep. */
	return run->failure.error == ENOSYS ? tolerate(run) : -run->failure.error;
}

int op_capabilities(struct run *run, const struct capabilities_op *o)
{
	struct {
		uint32_t version;
		int pid;
	} head = {CAPABILITY_VERSION_3, 0};
	struct {
		uint32_t effective, permitted, inheritable;
	} sets[2];

	for (int capability = 0; capability < CAPABILITY_LIMIT; capability++) {
		if (o->bounding & 1ull << capability || prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return fail(run, errno, "drop capability %d", capability);
	}
	if (syscall(SYS_capget, &head, sets) < 0)
		return fail(run, errno, "capget");
	/* What is permitted stays until exec, which cuts it to the bounding set: a change of ids may still need it. */
#ifndef BREAK_inheritable
	for (int half = 0; half < 2; half++)
		sets[half].inheritable = 0; /* empties the ambient set too */
#endif
	return syscall(SYS_capset, &head, sets) < 0 ? fail(run, errno, "capset") : 0;
}

int op_no_new_privs(struct run *run)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail(run, errno, "no_new_privs") : 0;
}

int op_seccomp(struct run *run, const struct seccomp_op *o)
{
	struct sock_fprog program = {
	    .len = (unsigned short)(o->program.bytes / sizeof(struct sock_filter)),
	    .filter = (struct sock_filter *)o->program.data,
	};
	if (o->program.bytes % sizeof(struct sock_filter) != 0 || o->program.bytes / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return fail(run, EINVAL, "seccomp program of %u bytes", o->program.bytes);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, o->log ? SECCOMP_FILTER_FLAG_LOG : 0, &program) < 0)
		return fail(run, errno, "seccomp");
	return 0;
}

static int replace_groups(const gid_t *groups, size_t count)
{
#ifdef BREAK_groups
	(void)groups;
	(void)count;
	return 0;
#else
	return setgroups(count, groups);
#endif
}

int op_identity(struct run *run, const struct identity_op *o)
{
	gid_t groups[PLAN_MAX_LIST];
	size_t count = 0;
	for (const char *group = NULL; (group = list_next(&o->groups, group));) {
		char *end = NULL;
		errno = 0;
		unsigned long number = strtoul(group, &end, 10);
		if (errno || *group < '0' || *group > '9' || *end || number >= UINT32_MAX)
			return fail(run, EINVAL, "group %s", group);
		groups[count++] = (gid_t)number;
	}
	if (replace_groups(groups, count) < 0)
		return fail(run, errno, "setgroups");
	gid_t gid = (gid_t)o->gid;
	uid_t uid = (uid_t)o->uid;
	if (setresgid(gid, gid, gid) < 0)
		return fail(run, errno, "setresgid %lld", (long long)o->gid);
	if (setresuid(uid, uid, uid) < 0)
		return fail(run, errno, "setresuid %lld", (long long)o->uid);
	tracing_forbid();
	return 0;
}

/*
 * The kernel sends the signal when the executor dies; should it be dead already, nobody will. Its files were closed before its
 * children were told, so: ask for the signal first, then look whether the other end of the meeting is still there.
 */
int op_parent_death(struct run *run, const struct parent_death_op *o)
{
	if (prctl(PR_SET_PDEATHSIG, o->signal) < 0)
		return fail(run, errno, "PR_SET_PDEATHSIG %lld", (long long)o->signal);
	return o->signal == 0 || meeting_is_alive(run) ? 0 : fail(run, ECHILD, "the monitor died");
}

int op_directory_enter(struct run *run, const struct directory_enter_op *o)
{
	AUTO_CLOSE int directory = o->make ? resolve_target(run, NO_FD, o->path, MAKE_DIRECTORY)
	                                   : resolve_source(run, NO_FD, o->path, O_PATH | O_DIRECTORY);
	int error = directory;
	if (directory >= 0)
		error = fchdir(directory) < 0 ? fail(run, errno, "chdir %s", o->path) : 0;
	if (error == 0 || !o->optional)
		return error < 0 ? error : 0;
	run->failure.error = 0;
	return chdir("/") < 0 ? fail(run, errno, "chdir /") : 0;
}

int op_label(struct run *run, const struct label_op *o)
{
	char path[128];
	if (snprintf(path, sizeof path, "self/attr/%s", o->attribute) >= (int)sizeof path)
		return fail(run, ENAMETOOLONG, "label attribute");
	AUTO_CLOSE int fd = resolve_proc(run, path, O_WRONLY);
	if (fd < 0)
		return fd;
	return write(fd, o->value, strlen(o->value)) < 0 ? fail(run, errno, "label %s", o->value) : 0;
}

int op_umask(struct run *run, const struct umask_op *o)
{
	(void)run;
	umask(o->mask);
	return 0;
}

int op_own_core_scheduling(struct run *run)
{
	enum { SCOPE_PROCESS = 1 };
	return prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, SCOPE_PROCESS, 0) < 0 ? fail(run, errno, "core scheduling") : 0;
}

/* The end. The meeting closes with the exec, and so says that it succeeded. */
int op_exec(struct run *run, const struct exec_op *o)
{
	struct text_vector env;
	char *argv[PLAN_MAX_LIST + 1];
	size_t count = 0;
	for (const char *text = NULL; (text = list_next(&o->argv, text));)
		argv[count++] = (char *)text;
	argv[count] = NULL;
	if (count == 0)
		return fail(run, EINVAL, "exec of nothing");
	int error = format_list(run, &o->env, &env);
	if (error < 0)
		return error;
	if (!meeting_is_alive(run)) /* nobody would know that it runs */
		return fail(run, ECHILD, "the monitor died");
	close_descriptors(3, CLOSE_RANGE_CLOEXEC);
	signals_reset();
	meeting_tell(run, MEET_EXEC, -1, 0, "");
	return fail(run, execute(argv, env.items), "exec %s", argv[0]);
}
