/* Undoing: at the end of a run, after a failed launch, or by another process from the file in the run directory. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch.h"
#include "modes.h"
#include "start.h"

/* Whatever fails, the rest is still done: each failure is said, none stops us. */
void teardown(struct run *run, enum plan_actor actor)
{
	const struct plan *plan = run->plan;
	struct failure first = run->failure;
	run->actor = actor;
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		for (uint32_t n = 0; segment->actor == actor && n < segment->op_count; n++) {
			run->index = (int)(segment->first_op + n);
			run->failure.error = 0;
			if (perform(run, &plan->ops[run->index]) < 0) {
				if (first.error == 0)
					first = run->failure;
				tolerate(run);
			}
		}
	}
	run->index = -1;
	run->failure = first;
}

/* Refuses what was not written by us in this boot: it is commands, and other things may have its names by now. */
static int refuse_foreign(struct run *run)
{
	struct stat status;
	uint8_t boot[16];
	if (fstat(START_PLAN, &status) < 0)
		return fail(run, errno, "fstat the teardown file");
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_mode & 022)
		return fail(run, EPERM, "the teardown file is not ours");
	int error = boot_id_read(run, boot);
	if (error < 0)
		return error;
	if (memcmp(boot, run->plan->header->reserved, sizeof boot) != 0)
		return fail(run, ESTALE, "the teardown file is from before the last boot");
	return 0;
}

int teardown_main(int argc, char **argv)
{
	struct run run;
	struct plan plan = {0};
	struct start_options options;
	if (start_options_read(argc, argv, &options) < 0)
		return 1;
	if (start_run(&run, &plan, START_TEARDOWN, &options) < 0 || refuse_foreign(&run) < 0) {
		report_failure(&run);
		return 1;
	}
	teardown(&run, ACTOR_TEARDOWN_STOP);
	if (run.failure.error)
		report_failure(&run);
	report(&run, STATUS_ENDED, -1, 0, 0, "");
	return run.failure.error != 0;
}
