/*
 * Carries out plans that TypeScript made. It branches on opcodes and errnos, never on configuration.
 *
 *   tslxc-executor launch [--status] [--foreground] [--title TEXT] [-- COMMAND…]   COMMAND starts the container anew when a
 *                                                                                 reboot finds other facts than the plan's
 *   tslxc-executor run [--status] [--parent PID]                                  it dies with PID, its parent
 *   tslxc-executor teardown [--status]
 *   tslxc-executor print < PLAN
 *   tslxc-executor console … | probe …
 *
 * Descriptors: 3 the plan, 4 where status records go (with --status alone), 5 the run lock (launch and teardown).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "console_client.h"
#include "modes.h"
#include "plan_view.h"
#include "start.h"
#include "probe.h"

static int refuse_setuid(void);

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} modes[] = {
    {"launch", launch_main},   {"run", run_main},     {"print", print_main},
    {"console", console_main}, {"probe", probe_main}, {"teardown", teardown_main},
};

int main(int argc, char **argv)
{
	if (refuse_setuid() < 0)
		return 1;
	start_clean();
	for (size_t n = 0; argc > 1 && n < sizeof modes / sizeof modes[0]; n++)
		if (strcmp(argv[1], modes[n].name) == 0)
			return modes[n].main(argc - 1, argv + 1);
	fprintf(stderr, "tslxc-executor is started by tslxc, not by hand\n");
	return 1;
}

/* We act with the caller's rights and no others: a plan is not a request to somebody more powerful. */
static int refuse_setuid(void)
{
	if (!getauxval(AT_SECURE))
		return 0;
	fprintf(stderr, "tslxc-executor must not be setuid, setgid or have file capabilities\n");
	return -EPERM;
}

int print_main(int argc, char **argv)
{
	struct plan plan;
	struct plan_fault fault;
	(void)argc;
	(void)argv;
	int error = plan_load(&plan, 0, &fault);
	if (error < 0) {
		fprintf(stderr, "tslxc-executor: op %d: %s\n", fault.index, fault.text);
		return 1;
	}
	return plan_print(&plan, 1) < 0;
}
