/* How the executor begins: its descriptors, its signals, the plan, the title. */
#ifndef TSLXC_START_H
#define TSLXC_START_H

#include "run.h"

/* First of all: signals as they were meant to be, 0-2 open, nobody looks into us. */
void start_clean(void);

enum start_kind { START_LAUNCH, START_RUN, START_TEARDOWN };

/* Descriptors that the caller gives. */
enum { START_PLAN = 3, START_STATUS = 4, START_LOCK = 5 };

struct start_options {
	char **argv; /* with the program's name */
	int argc;
	const char *title;
	bool status; /* somebody reads what we report on START_STATUS; else that number is none of ours */
	bool foreground;
	char **restart; /* what to run when a reboot finds that the plan's facts have changed; NULL: nothing */
	pid_t parent;   /* whose death is ours too; 0: nobody's */
};
/* argv begins with the mode. */
int start_options_read(int argc, char **argv, struct start_options *options);
/* Dies with the process that started us, however that one ends. -ESRCH when it has ended already. */
int parent_follow(const struct start_options *options);
/* Makes the process list show the title alone. */
void title_set(const struct start_options *options);

/* Fills run in, loads and checks the plan. 0 or -errno, recorded in run. */
int start_run(struct run *run, struct plan *plan, enum start_kind kind, const struct start_options *options);
/* After the payload's exec: lets go of what only the launch needed. */
void start_forget(struct run *run);

/* Closes, or with CLOSE_RANGE_CLOEXEC marks, every descriptor from first on. */
void close_descriptors(unsigned int first, unsigned int flags);

/* The kernel's id of this boot, 16 bytes. */
int boot_id_read(struct run *run, uint8_t id[16]);

#endif
