/*
 * A container starts like this. The plan says what is done in each step; here stands who waits for whom. Two error regimes: until
 * the payload's exec any failure undoes everything; after it (monitor_run) nothing ends us before init has ended.
 */
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors.h"
#include "cleanup.h"
#include "clock.h"
#include "event.h"
#include "meeting.h"
#include "modes.h"
#include "sealed.h"
#include "restart.h"
#include "start.h"
#include "syscalls.h"

enum { STATE_RUNNING = 2, OP_LAST_EXPECT = 7, OP_SAVE_TEARDOWN = 11, OP_EXEC = 150 };

static int perform_plan(struct run *run);
static int hand_to_child(struct run *run, bool last);
static void undo(struct run *run);
static bool live_until_stop(struct run *run, bool foreground);
static bool facts_have_changed(const struct run *run);

int launch_main(int argc, char **argv)
{
	struct run run;
	struct plan plan = {0};
	struct start_options options;
	if (start_options_read(argc, argv, &options) < 0)
		return 1;
	if (start_run(&run, &plan, START_LAUNCH, &options) < 0 || sealed_enter(&run, options.argv) < 0) {
		report_failure(&run);
		return 1;
	}
	if (launch(&run) < 0)
		return 1;
	struct restart restart = {.argv = options.restart};
	restart_keep(&restart);
	title_set(&options);
	while (!live_until_stop(&run, options.foreground)) {
		if (launch(&run) == 0)
			continue;
		if (facts_have_changed(&run))
			restart_exec(&restart);
		return 1;
	}
	return 0;
}

/* The guest was upgraded, its bridge is another: a start that looks anew may well succeed (kernel-notes 10). */
static bool facts_have_changed(const struct run *run)
{
	int index = run->failure.index;
	return index >= 0 && run->plan->ops[index].opcode <= OP_LAST_EXPECT;
}

int launch(struct run *run)
{
	run->failure = (struct failure){.index = -1};
	run->index = -1;
	memset(run->done, 0, sizeof run->done);
	int error = perform_plan(run);
	if (error == 0)
		return 0;
	undo(run);
	return error;
}

/* The recipe. A change of actor is a barrier: the child does nothing before its turn, nor we while it is at work. */
static int perform_plan(struct run *run)
{
	const struct plan *plan = run->plan;
	uint32_t last = 0;
	for (uint32_t s = 0; s < plan->header->segment_count; s++)
		if (!is_teardown(plan->segments[s].actor))
			last = s;
	for (uint32_t s = 0; s <= last; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		int error = 0;
		if (is_teardown(segment->actor))
			continue;
		else if (segment->actor == ACTOR_SPAWNER)
			error = actors_spawn(run, segment);
		else if (segment->actor == ACTOR_CHILD)
			error = hand_to_child(run, s == last);
		else
			error = perform_segment(run, segment);
		run->actor = ACTOR_PARENT;
		if (error < 0)
			return error;
	}
	return 0;
}

static int hand_to_child(struct run *run, bool last)
{
	run->actor = ACTOR_PARENT;
	meeting_tell(run, MEET_GO, -1, 0, "");
	if (!last)
		return meeting_wait_done(run);
	int error = meeting_wait_exec(run);
	if (error == 0)
		meeting_close(run);
	return error;
}

/* Before the op that saves it a plan has changed nothing. */
static bool saves_teardown(const struct plan *plan)
{
	for (uint32_t n = 0; n < plan->header->op_count; n++)
		if (plan->ops[n].opcode == OP_SAVE_TEARDOWN)
			return true;
	return false;
}

/*
 * First the cause, in time order, then word that nothing is left. What has this container's names but was not made by this launch is
 * left alone: it may be LXC's own, which runs a container of the same name.
 */
static void undo(struct run *run)
{
	report_failure(run);
	actors_kill(run);
	monitor_close(&run->monitor, false); /* its socket lies in a directory that goes */
	run->undoing = true;
	if (run->begun || !saves_teardown(run->plan))
		teardown(run, ACTOR_TEARDOWN_STOP);
	run->undoing = false;
	launch_forget(run);
	report(run, STATUS_ENDED, -1, 0, 0, "");
}

void launch_forget(struct run *run)
{
	meeting_close(run);
	close_fd(&run->child_pidfd);
	close_fd(&run->events);
	slots_clear(run);
	run->child = run->expected = 0;
	run->ended = false;
	run->actor = ACTOR_HOST;
}

/* ---- from here on the payload lives, and we with it */

/* True when the container has stopped for good, false when its plan is to be carried out again. */
static bool live_until_stop(struct run *run, bool foreground)
{
	if (run->events >= 0)
		event_append(run->events, STATE_RUNNING, NULL);
	if (foreground)
		monitor_serve_foreground(&run->monitor);
	char elapsed[32];
	snprintf(elapsed, sizeof elapsed, "%lld", (long long)(monotonic_us() - run->began_us));
	report(run, STATUS_RUNNING, -1, 0, run->child, elapsed);
	close_fd(&run->status);
	start_forget(run);
	slots_trim(run);

	struct monitor_outcome outcome = monitor_run(&run->monitor, run->child, run->child_pidfd);
	run->child = 0;
	run->ended = true;
	run->wait_status = outcome.status;
	monitor_close(&run->monitor, outcome.reboot); /* its clients' terminals need not wait for hooks */
	teardown(run, outcome.reboot ? ACTOR_TEARDOWN_REBOOT : ACTOR_TEARDOWN_STOP);
	if (!outcome.reboot)
		return true;
	launch_forget(run);
	monitor_init(&run->monitor);
	return false;
}

/* ---- kind run: attach, sandbox */

/* A signal that ends us ends the sandbox first, and we are gone only when all of it is: its caller removes the tree next. */
static int wait_sandbox(struct run *run)
{
	int status = 0;
	struct signalfd_siginfo info;
	struct pollfd polled[2];
	polled[0] = (struct pollfd){.fd = run->child_pidfd, .events = POLLIN};
	polled[1] = (struct pollfd){.fd = run->signals, .events = POLLIN};
	while (poll(polled, 2, -1) >= 0 || errno == EINTR) {
		if (polled[0].revents)
			break;
		if (polled[1].revents && read(run->signals, &info, sizeof info) > 0)
			sys_pidfd_send_signal(run->child_pidfd, SIGKILL);
		polled[0].revents = polled[1].revents = 0;
	}
	while (waitpid(run->child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int wait_payload(struct run *run, int *status)
{
	if (run->child_is_init) {
		*status = wait_sandbox(run);
		return 0;
	}
	start_forget(run);
	if (!run->pumped)
		run->pump.master = -1;
	int error = pump_run(&run->pump, run->child, run->child_pidfd, status);
	if (error == 0)
		return 0;
	fail(run, error, "carry bytes between the terminal and the command");
	actors_kill(run);
	return error;
}

/* As a shell says it: 127 when the program is not there, 126 when it can't be run; 1 when it did not come to that. */
static int exit_status_of_failure(const struct run *run)
{
	int index = run->failure.index;
	if (index < 0 || run->plan->ops[index].opcode != OP_EXEC)
		return 1;
	return run->failure.error == ENOENT || run->failure.error == ENOTDIR ? 127 : 126;
}

int run_main(int argc, char **argv)
{
	struct run run;
	struct plan plan = {0};
	struct start_options options;
	if (start_options_read(argc, argv, &options) < 0 || parent_follow(&options) < 0)
		return 1;
	if (start_run(&run, &plan, START_RUN, &options) < 0 || sealed_enter(&run, options.argv) < 0) {
		report_failure(&run);
		return 1;
	}
	if (launch(&run) < 0)
		return exit_status_of_failure(&run);
	report(&run, STATUS_RUNNING, -1, 0, run.child, "");
	int status = 0;
	int error = wait_payload(&run, &status);
	if (error == 0)
		report(&run, STATUS_EXITED, -1, 0, status, "");
	else
		report_failure(&run);
	teardown(&run, ACTOR_TEARDOWN_STOP);
	if (error < 0)
		return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
