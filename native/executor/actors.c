#include "actors.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "meeting.h"
#include "session.h"
#include "syscalls.h"

enum { OP_CLONE_INIT = 34, NAMESPACE_PID = 0x20000000 };

static int reap_spawner(struct run *run);
static _Noreturn void be_spawner(struct run *run, struct meeting_ends *ends, const struct plan_segment *segment);
static _Noreturn void be_child(struct run *run);

int perform_segment(struct run *run, const struct plan_segment *segment)
{
	run->actor = segment->actor;
	for (uint32_t n = 0; n < segment->op_count; n++) {
		run->index = (int)(segment->first_op + n);
		int error = perform(run, &run->plan->ops[run->index]);
		if (error < 0)
			return error;
		run->done[run->index / 8] |= (uint8_t)(1 << run->index % 8);
	}
	run->index = -1;
	return 0;
}

bool was_performed(const struct run *run, unsigned int opcode, const char *text)
{
	for (uint32_t n = 0; n < run->plan->header->op_count; n++) {
		const struct plan_op *op = &run->plan->ops[n];
		const char *first = op->opcode == opcode ? plan_text(run->plan, op->strs[0]) : NULL;
		if (first && run->done[n / 8] & 1 << n % 8 && strcmp(first, text) == 0)
			return true;
	}
	return false;
}

/*
 * The spawner lives for a moment: it is born in the payload's cgroup, so nothing is ever moved by pid, and what it joins (shared
 * namespaces, the range's user) the executor never does.
 */
int actors_spawn(struct run *run, const struct plan_segment *segment)
{
	struct meeting_ends ends = {{-1, -1}, {-1, -1}};
	const struct plan_op *op = &run->plan->ops[segment->first_op];
	int cgroup = slot_fd(run, op->slots[0]);
	run->index = (int)segment->first_op;
	int error = meeting_open(run, &ends);
	if (error < 0)
		return error;

	int pidfd = -1;
	struct clone_request request = {
	    .flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
	    .pidfd = (uint64_t)(uintptr_t)&pidfd,
	    .exit_signal = SIGCHLD, /* the child inherits it: CLONE_PARENT can't name one */
	    .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	pid_t pid = sys_clone3(&request);
	if (pid == 0)
		be_spawner(run, &ends, segment);
	error = pid < 0 ? fail(run, errno, "clone3 into the payload cgroup") : 0;
	meeting_take(run, &ends, 0);
	if (error < 0)
		return error;
	run->spawner = pid;
	run->spawner_pidfd = pidfd;
	error = meeting_wait_done(run);
	int reaped = reap_spawner(run);
	return error < 0 ? error : reaped;
}

/* Takes over the child that the spawner left us. */
static int reap_spawner(struct run *run)
{
	while (waitpid(run->spawner, NULL, 0) < 0 && errno == EINTR)
		;
	run->spawner = 0;
	close_fd(&run->spawner_pidfd);
	const struct plan *plan = run->plan;
	for (uint32_t n = 0; n < plan->header->op_count; n++) {
		const struct plan_op *op = &plan->ops[n];
		if (op->opcode != OP_CLONE_INIT || !run->shared->set[op->slots[0]])
			continue;
		run->child = (pid_t)run->shared->value[op->slots[0]];
		run->child_is_init = op->nums[0] & NAMESPACE_PID;
	}
	if (run->child == 0)
		return run->failure.error ? -run->failure.error : fail(run, ECHILD, "no child was made");
	/* It is our child and not waited for, so the number is still its own. */
	run->child_pidfd = sys_pidfd_open(run->child);
	return run->child_pidfd < 0 ? fail(run, errno, "pidfd_open") : 0;
}

static _Noreturn void be_spawner(struct run *run, struct meeting_ends *ends, const struct plan_segment *segment)
{
	struct plan_segment rest = {.actor = ACTOR_SPAWNER, .first_op = segment->first_op, .op_count = segment->op_count};
	run->actor = ACTOR_SPAWNER;
	meeting_take(run, ends, 1);
	if (perform_segment(run, &rest) < 0) {
		report_failure(run);
		_exit(1);
	}
	meeting_tell(run, MEET_DONE, -1, 0, "");
	_exit(0);
}

int actors_clone_child(struct run *run, uint64_t namespaces, uint16_t slot)
{
	struct clone_request request = {.flags = namespaces | CLONE_PARENT};
	pid_t pid = sys_clone3(&request);
	if (pid == 0)
		be_child(run);
	if (pid < 0)
		return fail(run, errno, "clone3");
	slot_put_value(run, slot, pid);
	return 0;
}

/* Goes through the segments as the executor does, doing its own; the last one ends in exec. */
static _Noreturn void be_child(struct run *run)
{
	const struct plan *plan = run->plan;
	run->actor = ACTOR_CHILD;
	if (session_leave(run) < 0) {
		report_failure(run);
		_exit(1);
	}
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		if (plan->segments[s].actor != ACTOR_CHILD)
			continue;
		if (meeting_wait_go(run) < 0)
			_exit(1);
		if (perform_segment(run, &plan->segments[s]) < 0) {
			report_failure(run);
			_exit(1);
		}
		meeting_tell(run, MEET_DONE, -1, 0, "");
	}
	_exit(1); /* not reached: a checked plan ends in exec */
}

void actors_kill(struct run *run)
{
	meeting_close(run); /* a child that waits for us ends by itself */
	if (run->child > 0) {
		if (run->child_pidfd >= 0)
			sys_pidfd_send_signal(run->child_pidfd, SIGKILL);
		else
			kill(run->child, SIGKILL);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	run->child = 0;
	close_fd(&run->child_pidfd);
}
