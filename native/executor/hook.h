/* Runs a program of the host's (or, in the child, of the guest's) to its end. */
#ifndef TSLXC_HOOK_H
#define TSLXC_HOOK_H

#include "run.h"

struct hook {
	const char *name; /* for messages: "pre-start" */
	struct text_list argv;
	struct text_list env; /* the whole environment */
	const char *input;    /* file for fd 0, NULL: the null device */
	int root;             /* NO_FD: it keeps our root */
};

/* What it prints becomes STATUS_HOOK lines. 0, or -EREMOTEIO when it ends otherwise than with status 0. */
int hook_run(struct run *run, const struct hook *hook);

/* Replaces this process: argv[0] without a slash is looked for in env's PATH. Returns -errno. */
int execute(char *const argv[], char *const env[]);
/* Signals as a program expects them to be. */
void signals_reset(void);

#endif
